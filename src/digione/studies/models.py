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


class StudyRight(Row):
    """A right to study at a level, from its first day to its last."""

    provider_id = models.UUIDField()
    person = models.ForeignKey("people.Person", on_delete=models.RESTRICT, db_index=False)
    school_id = models.UUIDField(null=True)
    level = models.TextField()
    national_oid = models.TextField(null=True)
    national_version = models.IntegerField(null=True)
    source_id = models.TextField(null=True)
    source_system = models.TextField(null=True)
    school_oid = models.TextField(null=True)
    organiser_oid = models.TextField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    expected_end = models.DateField(null=True)
    is_purchased = models.BooleanField(null=True)
    arrangement = models.TextField(null=True)
    licence = models.TextField(null=True)
    told_of_person = texts()
    carried = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "id", "person"], name="studies_studyright_tenant")
        ]
        indexes = [models.Index(fields=["person", "provider_id"], name="studies_studyright_whose")]


class _OfStudyRight(Row):
    """What hangs on a study right, in its order; it is of the study right's person."""

    provider_id = models.UUIDField()
    study_right_id = models.UUIDField()
    # The key to the study right holds the person as well, so no other key is needed.
    person = models.ForeignKey("people.Person", on_delete=models.RESTRICT, db_index=False, db_constraint=False)
    place = models.IntegerField()
    kept_by = models.TextField(null=True)
    carried = models.JSONField(default=dict, db_default={})

    class Meta:
        abstract = True


class StudyRightState(_OfStudyRight):
    """The state of a study right from a day on."""

    valid_from = models.DateField()
    state = models.TextField()
    funding = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "study_right_id", "place"], name="studies_studyrightstate_place"
            )
        ]


class StudyRightExtra(_OfStudyRight):
    """One piece of extra information about a study right, such as a period of support or abroad."""

    kind = models.TextField()
    is_listed = models.BooleanField()
    holds = models.BooleanField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    country = models.TextField(null=True)
    description = localized(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "study_right_id", "place"], name="studies_studyrightextra_place"
            )
        ]


class Attainment(_OfStudyRight):
    """What is studied and achieved: a syllabus, a year, a subject, a course, a unit; each may be made of others."""

    parent_id = models.UUIDField(null=True)
    node = models.TextField()
    kind = models.TextField()
    module_scheme = models.TextField(null=True)
    module = models.TextField()
    module_title = localized(null=True)
    module_description = localized(null=True)
    curriculum = models.TextField(null=True)
    # The table holds it as it was written, 1 as 1 and 1.0 as 1.0: without the precision that Django wants to be told.
    size = models.DecimalField(null=True, max_digits=24, decimal_places=12)
    size_unit = models.TextField(null=True)
    is_compulsory = models.BooleanField(null=True)
    language_scheme = models.TextField(null=True)
    language = models.TextField(null=True)
    course_kind = models.TextField(null=True)
    valid_from = models.DateField(null=True)
    group_name = models.TextField(null=True)
    group_code = models.TextField(null=True)
    grade = models.TextField(null=True)
    site_oid = models.TextField(null=True)
    taught_in = models.TextField(null=True)
    manner_scheme = models.TextField(null=True)
    manner = models.TextField(null=True)
    unit_group = models.TextField(null=True)
    repeats_grade = models.BooleanField(null=True)
    is_limited = models.BooleanField(null=True)
    is_individualised = models.BooleanField(null=True)
    is_weighted = models.BooleanField(null=True)
    is_raise = models.BooleanField(null=True)
    average = models.DecimalField(null=True, max_digits=24, decimal_places=12)
    confirmed_on = models.DateField(null=True)
    confirmed_in = models.TextField(null=True)
    confirmed_by_oid = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "id", "person"], name="studies_attainment_tenant")
        ]
        indexes = [
            models.Index(fields=["study_right_id"], name="studies_attainment_right"),
            models.Index(fields=["parent_id"], name="studies_attainment_parts"),
        ]


class Assessment(Row):
    """A mark, or another judgement of an attainment."""

    provider_id = models.UUIDField()
    attainment_id = models.UUIDField()
    person = models.ForeignKey("people.Person", on_delete=models.RESTRICT, db_index=False, db_constraint=False)
    place = models.IntegerField()
    mark_scheme = models.TextField(null=True)
    mark = models.TextField(null=True)
    mark_title = localized(null=True)
    assessed_on = models.DateField(null=True)
    is_passed = models.BooleanField(null=True)
    description = localized(null=True)
    kept_by = models.TextField(null=True)
    carried = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "attainment_id", "place"], name="studies_assessment_place")
        ]
