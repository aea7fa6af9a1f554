"""Tables of the room, private to it."""

from django.db import models
from django.db.models import F, Q

from digione.core.fields import Row, localized, texts

_PERIOD = Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from"))


class Course(Row):
    """A course of study that a provider (or one school of it) offers."""

    provider_id = models.UUIDField()
    school_id = models.UUIDField(null=True)
    session_id = models.UUIDField(null=True)
    code = models.TextField(null=True)
    title = localized(default=dict, db_default={})
    subjects = texts()
    grades = texts()
    status = models.TextField(default="active", db_default="active")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider_id", "id"], name="studies_course_tenant")]


class Group(Row):
    """A group of learners at a school: home group, class section of a course, or care group."""

    provider_id = models.UUIDField()
    school_id = models.UUIDField()
    course_id = models.UUIDField(null=True)
    kind = models.TextField()
    code = models.TextField(null=True)
    title = localized(default=dict, db_default={})
    grades = texts()
    subjects = texts()
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "id"], name="studies_group_tenant"),
            models.UniqueConstraint(fields=["provider_id", "id", "school_id"], name="studies_group_at_school"),
            models.CheckConstraint(
                condition=Q(kind__in=["home_group", "class_section", "care_group"]), name="studies_group_kind"
            ),
        ]
        indexes = [models.Index(fields=["provider_id", "school_id"], name="studies_group_school")]


class GroupSession(Row):
    """A group meets during an academic session."""

    provider_id = models.UUIDField()
    group_id = models.UUIDField()
    session_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "group_id", "session_id"], name="studies_groupsession_once"),
        ]


class SchoolEnrolment(Row):
    """A learner is enrolled at a school, in a grade, for a period."""

    provider_id = models.UUIDField()
    person = models.ForeignKey("people.Person", on_delete=models.RESTRICT)
    school_id = models.UUIDField()
    grade = models.TextField(null=True)
    is_primary = models.BooleanField(default=True, db_default=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "person", "school_id", "valid_from"], name="studies_schoolenrolment_once"
            ),
            models.CheckConstraint(condition=_PERIOD, name="studies_schoolenrolment_period"),
        ]
        indexes = [models.Index(fields=["provider_id", "school_id"], name="studies_schoolenrolment_sch")]


class Enrolment(Row):
    """A person belongs to a group in a role, for a period.

    `school_id` is the group's school, kept for reading: the key to the group holds it to that, also when the group moves.
    """

    provider_id = models.UUIDField()
    group_id = models.UUIDField()
    school_id = models.UUIDField()
    # One index, by person and provider, serves this key and the look-up at a provider: each costs every import.
    person = models.ForeignKey("people.Person", on_delete=models.RESTRICT, db_index=False)
    role = models.TextField()
    is_primary = models.BooleanField(default=False, db_default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "group_id", "person", "role", "valid_from"], name="studies_enrolment_once"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["student", "teacher", "aide", "administrator", "proctor"]),
                name="studies_enrolment_role",
            ),
            models.CheckConstraint(condition=_PERIOD, name="studies_enrolment_period"),
        ]
        indexes = [models.Index(fields=["person", "provider_id"], name="studies_enrolment_whose")]
