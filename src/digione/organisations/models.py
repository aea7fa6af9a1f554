"""Tables of the room, private to it."""

from django.db import models

from digione.core.fields import Row, localized, texts


class Organisation(Row):
    """An organisation of the national register (or a provider's own that the register does not know).

    `provider_id` is the nearest education provider upwards, the organisation itself when it is one.
    Source: Organisaatiopalvelu (Finnish National Agency for Education).
    """

    oid = models.TextField(null=True, unique=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.RESTRICT, db_constraint=True)
    provider_id = models.UUIDField(null=True, db_index=True)
    kinds = texts()
    name = localized(default=dict, db_default={})
    sort_key = models.TextField(default="", db_default="", db_collation="C")
    business_id = models.TextField(null=True)
    school_code = models.TextField(null=True, db_index=True)
    school_type = models.TextField(null=True)
    municipality_code = models.TextField(null=True)
    languages = texts()
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    source = models.TextField()
    source_changed_at = models.DateTimeField(null=True)
    row_hash = models.BinaryField(null=True)


class Succession(models.Model):
    """One organisation's life goes on in another: merger, split, change of provider. Old rows keep their ids.

    `on_date` is the first day of the successor; `decision` tells where the decision is found. No `provider_id` of any
    row is rewritten: what was done before that day was done by the predecessor.
    """

    id = models.UUIDField(primary_key=True)
    predecessor = models.ForeignKey(Organisation, on_delete=models.RESTRICT, related_name="+")
    successor = models.ForeignKey(Organisation, on_delete=models.RESTRICT, related_name="+")
    kind = models.TextField(choices=[("merge", "merge"), ("split", "split"), ("change", "change")])
    on_date = models.DateField()
    decision = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="organisations_succession_once"),
            models.CheckConstraint(
                condition=~models.Q(predecessor=models.F("successor")), name="organisations_succession_two"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["merge", "split", "change"]), name="organisations_succession_kind"
            ),
        ]


class Provider(models.Model):
    """An education provider on the platform: the controller, and the tenant. Its id is that of its organisation."""

    id = models.UUIDField(primary_key=True)
    joined_on = models.DateField()
    accent = models.TextField(default="#1b5c6e", db_default="#1b5c6e")
    languages = texts()
    demo = models.BooleanField(default=False, db_default=False)


class AcademicSession(Row):
    """A school year, a term of it, or a grading period; of the provider, or of one school."""

    provider_id = models.UUIDField()
    school_id = models.UUIDField(null=True)
    kind = models.TextField()
    title = localized(default=dict, db_default={})
    starts_on = models.DateField()
    ends_on = models.DateField()
    parent_id = models.UUIDField(null=True)
    school_year = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "id"], name="organisations_session_tenant"),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="organisations_session_period"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["schoolYear", "semester", "term", "gradingPeriod"]),
                name="organisations_session_kind",
            ),
        ]
