"""The core: national codes, sources' ids, what is carried of them, import runs, events."""

from datetime import date, datetime
from uuid import UUID

from digione.core.texts import LocalizedText
from digione.schema.basis import INTERFACES, NO_PERSONAL_DATA, STATUTORY_TASK
from digione.schema.declare import Json, JsonList, Master, Sensitivity, field, resource
from digione.schema.resources.shared import known_since, of_provider, own_id, row_hash, valid_from, valid_to


@resource(table="core_code", term="code", basis=NO_PERSONAL_DATA, master=Master.CODE_SERVICE)
class Code:
    """A value of a national code list, with its validity."""

    id: UUID = own_id()
    list_uri: str = field("The list, by its name in the code service.", term="code list")
    value: str = field("The value.", term="code")
    version: int = field("The edition of the list.", term="version", unit="number")
    name: LocalizedText = field("What the value means.", term="name", default={})
    short_name: LocalizedText = field("The same in short.", term="name", default={})
    description: LocalizedText = field("The same at length.", term="name", default={})
    status: str | None = field("Its stage in the code service.", term="status")
    valid_from: date | None = valid_from()
    valid_to: date | None = valid_to()
    row_hash: bytes | None = row_hash()
    sys_from: datetime = known_since(history=False)


@resource(table="core_importrun", term="import run", basis=INTERFACES, master=Master.PLATFORM)
class ImportRun:
    """One run of an import: what came, what it did, what it refused."""

    id: UUID = field("The platform's own id: a UUIDv7.", term="id")
    provider_id: UUID | None = field(
        "The provider whose data came; absent for a national register.", term="education provider"
    )
    kind: str = field("Which import it was.", term="type")
    source: str = field("The system from which the data came.", term="source")
    started_at: datetime = field("When it began.", term="moment")
    finished_at: datetime | None = field("When it ended; absent while it runs.", term="moment")
    dry_run: bool = field("Whether it only told what it would do.", term="dry run", default=False)
    status: str = field(
        "Done; only rehearsed; or refused, and then nothing was changed.",
        term="status",
        values=("done", "dry_run", "refused"),
    )
    counts: Json = field(
        "How many rows were added, changed (of them ended), unchanged, held back and refused; and by kind, how many each side has."
        " Of a run that was refused as a whole nothing was done, and `would` says what would have been.",
        term="import run",
        default={},
        unit="rows",
    )
    problems: JsonList = field(
        "What was wrong: file, line, field, code of the reason and its parameters; the first ten thousand.",
        term="fault",
        default=[],
    )
    reconciliation: JsonList = field(
        "Where source and platform differ after the run, and why: the first ten thousand.",
        term="reconciliation",
        default=[],
        unit="rows",
    )
    file_hash: str | None = field("Digest of the files that came.", term="row hash", unit="SHA-256, hexadecimal")


@resource(table="core_carriedrow", term="carried row", basis=STATUTORY_TASK, master=Master.PROVIDER)
class CarriedRow:
    """What a source said in a row and the open data model has no place for yet, as it came: a row of a file that is not
    modelled, or those cells of a modelled row that are not."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    source: str = field("The system from which it came.", term="source", master=Master.PLATFORM)
    version: str = field("The version of the format in which it was written.", term="version", master=Master.PLATFORM)
    file: str = field("The file of the format, by its name there.", term="type", master=Master.PLATFORM)
    key: str = field("The source's own id of the row.", term="source key")
    cells: Json = field(
        "The cells that are not empty, by the names of their columns. They may tell of a person anything that the source"
        " knows, so no role reads them; passwords and identity codes are left out.",
        term="carried row",
        sensitivity=Sensitivity.SECRET,
    )
    row_hash: bytes = row_hash()
    valid_from: date = valid_from("The day on which the source first told it.")
    valid_to: date | None = valid_to("The last day before the source told it no more; absent while it does.")
    sys_from: datetime = known_since()


@resource(table="core_keyfingerprint", term="encryption key", basis=NO_PERSONAL_DATA, master=Master.PLATFORM)
class KeyFingerprint:
    """A key that this database was filled under: by what it is known again, never the key itself."""

    number: int = field("The number of the key.", term="encryption key", unit="number")
    fingerprint: bytes = field(
        "A keyed digest from which no key can be had.", term="encryption key", unit="16 bytes", internal=True
    )
    noted_at: datetime = field("When it was first used here.", term="moment", made=True)


@resource(table="core_sourcekey", term="source key", basis=INTERFACES, master=Master.PLATFORM)
class SourceKey:
    """Which of our rows a source's own id means, and the digest of what the source last said about it."""

    provider_id: UUID = field("The provider whose source it is.", term="education provider")
    source: str = field("The system.", term="source")
    kind: str = field("The resource that the id means.", term="type")
    key: str = field("The source's own id.", term="source key", master=Master.PROVIDER)
    target_id: UUID = field("Our row.", term="id")
    row_hash: bytes | None = row_hash()
    run_id: UUID | None = field("The import that last touched it.", term="import run")
    masters: bool = field("Whether the source brought the row, and so masters it.", term="source", default=False)
    linked_at: datetime = field(
        "Since when the id means the row; what was linked before this was noted, always.", term="moment", made=True
    )


@resource(table="core_outbox", term="event", basis=INTERFACES, master=Master.PLATFORM)
class Event:
    """Something that happened, in order, for all who follow. It carries ids and codes, never content."""

    position: int = field("Its place in the stream; there may be gaps.", term="position", unit="number", made=True)
    id: UUID = field("The id of the event; the same when it is told again.", term="id")
    provider_id: UUID | None = field("The provider whom it concerns.", term="education provider")
    type: str = field("What happened: room.what_happened.", term="type")
    subject: UUID | None = field("The row that it concerns.", term="id")
    occurred_at: datetime = field("When it happened.", term="moment", made=True)
    data: Json = field("Ids and codes that tell more.", term="event", default={})
