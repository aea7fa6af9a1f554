"""Tables of the room, private to it."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from digione.core.fields import Row, texts
from digione.core.ids import new_id

_PERIOD = Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from"))


class Person(Row):
    """Identity only: national, and the same whatever school or municipality. `audit_alias` is how the log knows them."""

    audit_alias = models.UUIDField(default=new_id, db_default=RandomUUID())
    first_names = models.TextField()
    given_name = models.TextField()
    family_name = models.TextField()
    sort_key = models.TextField(db_collation="C")
    search_key = models.TextField(db_collation="C")
    birth_date = models.DateField(null=True)
    sex = models.TextField(null=True)
    mother_tongue = models.TextField(null=True)
    nationalities = texts()
    home_municipality = models.TextField(null=True)
    non_disclosure = models.BooleanField(default=False, db_default=False)
    deceased_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sex__isnull=True) | Q(sex__in=["1", "2"]), name="people_person_sex")
        ]


class NonDisclosure(Row):
    """Who has told that a person's details are protected. While anybody says so, the person's flag stands."""

    provider_id = models.UUIDField()
    person = models.ForeignKey(Person, on_delete=models.RESTRICT)
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "person", "source"], name="people_nondisclosure_once"),
        ]


class ProviderPerson(Row):
    """Opens a person to a provider, on a basis, for a period."""

    provider_id = models.UUIDField()
    # The index by person and provider, made in the migration, serves this key too.
    person = models.ForeignKey(Person, on_delete=models.RESTRICT, db_index=False)
    basis = models.TextField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "person", "basis"], name="people_providerperson_once"),
            models.CheckConstraint(
                condition=Q(basis__in=["learner", "guardian", "staff"]), name="people_providerperson_basis"
            ),
            models.CheckConstraint(condition=_PERIOD, name="people_providerperson_period"),
        ]


class Identifier(Row):
    """An identifier of a person with its source; earlier ones are kept. The value is encrypted, found by digest.

    `provider_id` is empty for national identifiers (hetu, learner number).
    """

    provider_id = models.UUIDField(null=True)
    person = models.ForeignKey(Person, on_delete=models.RESTRICT)
    kind = models.TextField()
    value_enc = models.BinaryField()
    digest = models.BinaryField()
    key_id = models.SmallIntegerField()
    current = models.BooleanField(default=True, db_default=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            # One hetu means one person. Provider-bound identifiers repeat freely between providers.
            models.UniqueConstraint(
                fields=["kind", "digest"], condition=Q(provider_id__isnull=True), name="people_identifier_national"
            ),
            models.UniqueConstraint(
                fields=["provider_id", "kind", "digest"],
                condition=Q(provider_id__isnull=False),
                name="people_identifier_local",
            ),
        ]


class Contact(Row):
    """How a person is reached, as a provider knows it. It stands while one of its `sources` gives it."""

    provider_id = models.UUIDField()
    # One index, by person and provider, serves this key and the look-up at a provider: each costs every import.
    person = models.ForeignKey(Person, on_delete=models.RESTRICT, db_index=False)
    kind = models.TextField()
    value = models.TextField()
    sources = texts()
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person", "provider_id"], name="people_contact_whose")]


class Guardianship(Row):
    """A guardian of a child for a period, with limits. Source: the provider's register, later the population register."""

    provider_id = models.UUIDField()
    # The pair's index, made in the migration, serves the guardian's key; the one by child and provider the child's.
    guardian = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+", db_index=False)
    child = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+", db_index=False)
    kind = models.TextField(default="custodian", db_default="custodian")
    limits = texts()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "guardian", "child", "valid_from"], name="people_guardianship_once"
            ),
            models.CheckConstraint(condition=~Q(guardian=F("child")), name="people_guardianship_two"),
            models.CheckConstraint(condition=_PERIOD, name="people_guardianship_period"),
        ]
        indexes = [models.Index(fields=["child", "provider_id"], name="people_guardianship_whose")]


class StaffAssignment(Row):
    """A member of staff works in a role at a school (or at the provider) for a period."""

    provider_id = models.UUIDField()
    person = models.ForeignKey(Person, on_delete=models.RESTRICT)
    organisation_id = models.UUIDField()
    role = models.TextField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "person", "organisation_id", "role", "valid_from"],
                name="people_staffassignment_once",
            ),
            models.CheckConstraint(condition=_PERIOD, name="people_staffassignment_period"),
        ]
        indexes = [models.Index(fields=["provider_id", "organisation_id"], name="people_staffassignment_org")]


class DuplicateCase(Row):
    """Two persons who may be one. A human decides; nothing is ever merged by a guess.

    Without a provider it is the platform's: to a provider it would tell that another one knows the person.
    """

    provider_id = models.UUIDField(null=True)
    person = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+")
    other_person = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+")
    reason = models.TextField()
    status = models.TextField(default="open", db_default="open")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "person", "other_person"], name="people_duplicatecase_once"),
        ]


class PersonSuccession(Row):
    """A record that turned out to be of the same person as another: its id leads to the one that stays.

    What undoing needs stands here as ids alone; what the rows were is in their history. `state` is a digest of both
    persons' rows as the merge left them, so that undoing can tell whether anything has come since.
    """

    provider_id = models.UUIDField()
    person = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+")
    successor = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+")
    case_id = models.UUIDField()
    decided_at = models.DateTimeField(db_default=Now())
    touched = models.JSONField(default=dict, db_default={})
    state = models.TextField(default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "person"], name="people_personsuccession_once"),
            models.CheckConstraint(condition=~Q(person=F("successor")), name="people_personsuccession_two"),
        ]
