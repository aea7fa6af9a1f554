"""Tables of the core: national codes, sources' ids, what is carried of them, import runs, the outbox."""

from django.db import models
from django.db.models.functions import Now

from digione.core.fields import Row, localized


class Code(Row):
    """A value of a national code list (Koodisto), with its validity."""

    list_uri = models.TextField()
    value = models.TextField()
    version = models.IntegerField()
    name = localized(default=dict, db_default={})
    short_name = localized(default=dict, db_default={})
    description = localized(default=dict, db_default={})
    status = models.TextField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    row_hash = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list_uri", "value", "version"], name="core_code_once")]


class SourceKey(models.Model):
    """Which of our rows a source's id means, and the hash of what the source last said about it."""

    pk = models.CompositePrimaryKey("provider_id", "source", "kind", "key")
    provider_id = models.UUIDField()
    source = models.TextField()
    kind = models.TextField()
    key = models.TextField()
    target_id = models.UUIDField()
    row_hash = models.BinaryField(null=True)
    run_id = models.UUIDField(null=True)
    masters = models.BooleanField(default=False, db_default=False)
    linked_at = models.DateTimeField(db_default=Now(), editable=False)


class CarriedRow(Row):
    """What a source said in a row and the open data model has no place for yet, as it came."""

    provider_id = models.UUIDField()
    source = models.TextField()
    version = models.TextField()
    file = models.TextField()
    key = models.TextField()
    cells = models.JSONField()
    row_hash = models.BinaryField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider_id", "source", "file", "key"], name="core_carriedrow_once")
        ]


class KeyFingerprint(models.Model):
    """A key of encrypted fields that this database was filled under: by what it is known again, never the key itself."""

    number = models.IntegerField(primary_key=True)
    fingerprint = models.BinaryField()
    noted_at = models.DateTimeField(db_default=Now())


class ImportRun(models.Model):
    """One run of an import: what came, what it did, what it refused. The reconciliation reads from here."""

    id = models.UUIDField(primary_key=True)
    provider_id = models.UUIDField(null=True)
    kind = models.TextField()
    source = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    dry_run = models.BooleanField(default=False, db_default=False)
    status = models.TextField()
    counts = models.JSONField(default=dict, db_default={})
    problems = models.JSONField(default=list, db_default=[])
    reconciliation = models.JSONField(default=list, db_default=[])
    file_hash = models.TextField(null=True)

    class Meta:
        indexes = [models.Index(fields=["provider_id", "-started_at"], name="core_importrun_recent")]


class Outbox(models.Model):
    """What happened, in order, for everybody who follows. Readers stay below the snapshot horizon."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField()
    provider_id = models.UUIDField(null=True)
    type = models.TextField()
    subject = models.UUIDField(null=True)
    occurred_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict, db_default={})
