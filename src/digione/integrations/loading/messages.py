"""What imports say, by code: the words stand here alone, and are put into the reader's language at the edge.

A problem carries a code and parameters, never a sentence, so that a stored run is read in Finnish by one and in
Swedish by another. A code may be refined after a dot (`encoding.utf-16`): programs match the part before it.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, pgettext

from digione.integrations.loading.register_messages import REGISTER_MESSAGES


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues. Django's own would read the settings, which stand only when it is set up."""
    return text


MESSAGES: dict[str, str] = {
    # Files and archives.
    "archive-damaged": gettext_noop("%(file)s in the archive is damaged. Make the archive anew."),
    "archive-encrypted": gettext_noop("%(file)s is encrypted. Send the archive without a password."),
    "archive-files": gettext_noop("The archive holds %(count)s files; at most %(limit)s are read."),
    "archive-incomplete": gettext_noop("%(file)s is not a whole zip archive: its directory is missing or damaged."),
    "archive-link": gettext_noop(
        "%(file)s in the archive is a link to another file. Make the archive anew with the files themselves."
    ),
    "archive-longer": gettext_noop("%(file)s unpacks to more than the archive says. Make the archive anew."),
    "archive-method": gettext_noop(
        "%(file)s is packed by a method that is not read. Make the archive anew as an ordinary zip (Deflate)."
    ),
    "archive-path": gettext_noop("The archive names a file outside itself: %(file)s."),
    "archive-ratio": gettext_noop(
        "%(file)s would unpack to %(times)s times its size; at most %(limit)s times is read. Send it without packing."
    ),
    "archive-size": gettext_noop("The archive would unpack to more than %(limit)s GB."),
    "archive-twice": gettext_noop("The archive holds %(file)s twice, in different folders."),
    "empty-file": gettext_noop("The file is empty: not even a header line."),
    "empty-file.json": gettext_noop("The file is empty. Fetch it anew from its source."),
    "encoding": gettext_noop(
        "Byte %(byte)s of the file is %(value)s, which is not UTF-8. In Windows-1252 it would be “%(guess)s”. Save the"
        " file as UTF-8 and try again."
    ),
    "encoding.json": gettext_noop("Byte %(byte)s is not UTF-8. Save the file as UTF-8."),
    "encoding.utf-16": gettext_noop("The file is UTF-16. Save it as UTF-8 (in Excel: “CSV UTF-8”)."),
    "json-twice": gettext_noop("%(path)s stands twice in one object. Leave one of the two."),
    "json-type.list": gettext_noop("%(path)s is %(value)s where a list is expected."),
    "json-type.number": gettext_noop("%(path)s is %(value)s where a whole number is expected."),
    "json-type.object": gettext_noop("%(path)s is %(value)s where an object is expected."),
    "json-type.text": gettext_noop("%(path)s is %(value)s where a text is expected."),
    "json.deep": gettext_noop("The file nests lists and objects too deeply to be read. Fetch it anew from its source."),
    "json.size": gettext_noop("The file is larger than %(limit)s MB, the most that is read. Fetch it in parts."),
    "text-broken": gettext_noop(
        "%(path)s holds a null character or half of a character, which no text may have. Write it anew."
    ),
    "json": gettext_noop("From column %(column)s on this is not JSON. Is the file whole?"),
    "link": gettext_noop(
        "%(file)s is a link to a file outside the folder, which is not read. Put the file itself into the folder."
    ),
    "no-such-path": gettext_noop("%(path)s does not exist."),
    "file-twice": gettext_noop("%(file)s and %(other)s are the same file of the standard. Leave one of the two."),
    "not-a-file": gettext_noop("%(path)s is not a file."),
    "not-a-set": gettext_noop("%(file)s is neither a folder nor a zip archive."),
    "not-json-there": gettext_noop("There is no JSON file there."),
    "one-path": gettext_noop("Give one path at a time: a set is merged as a whole."),
    "unreadable": gettext_noop("%(path)s cannot be read: %(reason)s."),
    # Rows and columns.
    "duplicate-column": gettext_noop("The column stands twice; the first is read."),
    "duplicate-column.template": gettext_noop("“%(value)s” means a column that stands already. Remove one of them."),
    "extended": gettext_noop(
        "“%(value)s” extends the list of the standard: read as %(meant)s wherever it stands in this column, and kept as it came."
    ),
    "extension-column": gettext_noop(
        "This column is not part of the standard. Its values are kept; nothing reads them yet."
    ),
    "missing-column": gettext_noop("The header lacks the column %(column)s; no row can be read."),
    "missing-column.taken": gettext_noop(
        "The header lacks the column %(column)s, which the standard requires; the rows are taken without it."
    ),
    "missing-column.template": gettext_noop(
        "The column “%(finnish)s” (Swedish “%(swedish)s”, English “%(english)s”) is missing."
    ),
    "not-kept.hetu": gettext_noop(
        "An identity code stands in this cell, so the cell is not kept. Identity codes are kept encrypted; write them into"
        " userIds."
    ),
    "not-kept.password": gettext_noop("Passwords are not kept; the column is left out."),
    "null-character": gettext_noop("The row holds a null character, which no text may have."),
    "null-character.database": gettext_noop(
        "A cell of the row is \\N, by which databases write an empty value. Leave it empty."
    ),
    "old-column": gettext_noop("The column is called %(column)s in OneRoster %(version)s; read as that."),
    "quoting": gettext_noop("The quotation marks of this row do not match: write one inside a field twice."),
    "quoting.open": gettext_noop("A quotation mark opens a field here and is never closed."),
    "ragged-row": gettext_noop(
        "The row has %(count)s columns, the header has %(width)s. Look for a missing or unquoted separator."
    ),
    "no-header": gettext_noop(
        "The first line holds none of the columns that are read. Is the header line missing, or are the columns separated"
        " by another character than the one that is expected?"
    ),
    "no-rows": gettext_noop("The file has a header line and nothing below it."),
    "line-end": gettext_noop(
        "The lines end in a way that is no longer used (CR alone). Save the file anew as CSV UTF-8."
    ),
    "too-long": gettext_noop(
        "The text is longer than %(limit)s bytes, the most that is taken. Look for a missing separator."
    ),
    "unknown-column": gettext_noop("“%(value)s” is no column of the template; it is not read."),
    # Documents of the national register of study rights.
    "koski.broken": gettext_noop("A null character or half of a character stands here, which no text may have."),
    "koski.carried": gettext_noop("The data model has no field for this; it is kept and given back (%(times)s times)."),
    "koski.code": gettext_noop("%(value)s is no code: an object with koodistoUri and koodiarvo is expected."),
    "koski.code-list": gettext_noop("The code is of the list %(value)s; one of %(expected)s is expected."),
    "koski.day": gettext_noop("%(value)s is not a day of the calendar. Write it as YYYY-MM-DD."),
    "koski.deep": gettext_noop("The document nests lists and objects too deeply to be read."),
    "koski.flag": gettext_noop("%(value)s stands where true or false is expected."),
    "koski.hetu": gettext_noop(
        "An identity code stands in a place where it would be kept unencrypted. Give it as hetu of henkilö alone."
    ),
    "koski.line": gettext_noop("This line is not JSON. Write one document in each line."),
    "koski.list": gettext_noop("%(value)s stands where a list is expected."),
    "koski.localized": gettext_noop('%(value)s stands where a text by language is expected, such as {"fi": "…"}.'),
    "koski.missing": gettext_noop("This is missing, and no document is taken without it."),
    "koski.names": gettext_noop(
        "Names are missing: give etunimet and sukunimi beside the identity code or learner number."
    ),
    "koski.no-document": gettext_noop(
        "%(value)s stands where a document with henkilö and opiskeluoikeudet is expected."
    ),
    "koski.nobody": gettext_noop("Nobody is named: give hetu or oid."),
    "koski.no-number": gettext_noop("This is no number that JSON can tell exactly."),
    "koski.number": gettext_noop("%(value)s stands where a number is expected."),
    "koski.object": gettext_noop("%(value)s stands where an object is expected."),
    "koski.organisation": gettext_noop("%(value)s is not the OID of an organisation."),
    "koski.other-name": gettext_noop("An earlier document of this run gives the learner other names; those are taken."),
    "koski.other-school": gettext_noop("The school %(value)s is another provider's. Import its documents there."),
    "koski.person-oid": gettext_noop("%(value)s is not the OID of a person."),
    "koski.same-right": gettext_noop("An earlier document of this run tells the same study right. Leave one of them."),
    "koski.text": gettext_noop("%(value)s stands where a text is expected."),
    "koski.twice": gettext_noop("This stands twice in one object. Leave one of the two."),
    "koski.unknown-school": gettext_noop(
        "The register here does not know the school %(value)s. Import the national organisations first."
    ),
    # Values.
    "birth-date-differs": gettext_noop("The birth date is not the one in the identity code."),
    "business-id": gettext_noop("The business id %(value)s of %(subject)s is malformed; taken as it is."),
    "date": gettext_noop("“%(value)s” is not a date; left empty."),
    "date-format": gettext_noop("“%(value)s” is not a date. Write it as YYYY-MM-DD."),
    "date-format.either": gettext_noop("“%(value)s” is not a date. Write it as D.M.YYYY or YYYY-MM-DD."),
    "birth-too-early": gettext_noop("The birth date %(value)s is over %(years)s years ago. Check the year."),
    "date-future": gettext_noop("The birth date %(value)s is still to come."),
    "date-impossible": gettext_noop("There is no such day as %(value)s."),
    "date-time": gettext_noop("“%(value)s” is not a moment like 2026-08-11T07:00:00Z; it is ignored."),
    "enum": gettext_noop("“%(value)s” is not allowed here. Allowed: %(allowed)s."),
    "enum.unknown": gettext_noop("%(subject)s has a value that is not known here: “%(value)s”."),
    "hetu-artificial": gettext_noop("The identity code %(value)s is not one that is given to people."),
    "hetu-check": gettext_noop(
        "The last character of the identity code %(value)s does not match the others. Check the code."
    ),
    "hetu-date": gettext_noop("The identity code %(value)s names a day that does not exist."),
    "hetu-form": gettext_noop("The identity code %(value)s does not have the form DDMMYYCNNNX (eleven characters)."),
    "hetu-future": gettext_noop("The identity code %(value)s names a day that is still to come."),
    "name": gettext_noop("%(subject)s has no name in any language."),
    "number": gettext_noop("“%(value)s” is not a version number."),
    "number.decimal": gettext_noop("“%(value)s” is not a number. Write it like 7.5."),
    "oid": gettext_noop("“%(value)s” is not an organisation's OID."),
    "oid.learner": gettext_noop("“%(value)s” is not a learner number (1.2.246.562.24.…)."),
    "oid-check-digit": gettext_noop(
        "%(count)s OIDs have a check digit that an old generator made differently (the first: %(first)s). They are"
        " taken as they stand."
    ),
    "period": gettext_noop("The end %(end)s is before the beginning %(begin)s."),
    "period.taken": gettext_noop("%(subject)s ends before it begins; taken as it is."),
    "required": gettext_noop("%(column)s is empty; the standard requires it."),
    "required.cell": gettext_noop("This must be filled in."),
    "required.code": gettext_noop("The code has no %(column)s."),
    "required.guardian": gettext_noop("Guardian %(number)s needs both first names and a family name."),
    "required.id": gettext_noop("Without an identity code the row needs the municipality's own id for the person."),
    "required.name": gettext_noop("%(subject)s has no name in any language, so it is not taken."),
    "required.taken": gettext_noop("The standard requires this value; the row is taken without it."),
    "school-code": gettext_noop("The school code %(value)s of %(subject)s is not five digits."),
    "uri": gettext_noop("The URI %(value)s does not begin with its list, %(list)s."),
    "user-ids": gettext_noop("userIds are written as {type:value}; this one is not read."),
    "year": gettext_noop("“%(value)s” is not a year; the year of endDate is taken."),
    "yes-no": gettext_noop("“%(value)s” is neither yes nor no."),
    # What rows say of each other.
    "dangling": gettext_noop("%(subject)s names the parent %(value)s, which is neither in the file nor known."),
    "dangling-reference": gettext_noop("%(value)s is not among the accepted rows of %(file)s."),
    "dangling-reference.emptied": gettext_noop("%(value)s is not in %(file)s; left empty."),
    "dangling-reference.parent": gettext_noop("The parent %(value)s is not in %(file)s."),
    "duplicate": gettext_noop("%(value)s stands already in an earlier row."),
    "duplicate.code": gettext_noop("%(value)s stands already in %(file)s, element %(first)s; the first is kept."),
    "duplicate.person": gettext_noop("Row %(row)s is about the same person already."),
    "duplicate.somebody-else": gettext_noop(
        "Row %(row)s gives the same id or identity code to somebody else. Correct one of the two."
    ),
    "duplicate.element": gettext_noop("%(value)s stands twice; the first is element %(first)s."),
    "duplicate.username": gettext_noop("Row %(row)s has the same username; only the first keeps it."),
    "duplicate-identifier": gettext_noop("An earlier row has the same identifier."),
    "parent.circle": gettext_noop("%(subject)s stands under itself, so it is not taken. Correct its parent."),
    "parent": gettext_noop("%(subject)s stands under %(above)s and names %(value)s as its parent."),
    "refers-to-refused": gettext_noop("The row refers to a row that was refused. Correct that one first."),
    "same-twice": gettext_noop("An earlier row of the file says the same already."),
    "same-twice.role": gettext_noop("An earlier row gives the same role at this school."),
    # The set as a whole.
    "count": gettext_noop("The answer promises %(promised)s organisations and holds %(count)s."),
    "delta-set": gettext_noop(
        "%(file)s, line %(row)s: %(table)s hold only what has changed (delta), which is not enough. Ask the supplier for a"
        " bulk set, which holds every row; only what differs is changed by it."
    ),
    "at-the-same-time": gettext_noop(
        "Somebody else changed the same people at the same time, so nothing was changed. Run the import again."
    ),
    "database-lost": gettext_noop(
        "The database stopped answering. Nothing was changed: start it and run the import again."
    ),
    "kept-apart.course": gettext_noop(
        "Another source has brought a course with the code %(value)s at the same school. Each source keeps its own. If they"
        " are one, let this file call it by our id, %(id)s, as its sourcedId."
    ),
    "kept-apart.session": gettext_noop(
        "Another source has brought a session of the same type, days and school year as “%(value)s”. Each source keeps its"
        " own. If they are one, let this file call it by our id, %(id)s, as its sourcedId."
    ),
    "no-national-organisation": gettext_noop(
        "Nothing in this file is an organisation of the national register (1.2.246.562.10.…). Use an answer of"
        " Organisaatiopalvelu's hierarchy search for the whole country, such as hierarkia-koko-maa.json."
    ),
    "unknown-school": gettext_noop(
        "The provider has no school “%(value)s”. Write its OID, its five-digit school code, or its name exactly as it"
        " stands in the register of organisations."
    ),
    "missing-file": gettext_noop("The manifest promises %(file)s; it is not there."),
    "no-manifest": gettext_noop("There is no manifest.csv; the set is read as %(version)s, bulk."),
    "no-oneroster-file": gettext_noop(
        "%(path)s holds no OneRoster file: orgs.csv, users.csv and the others are missing."
    ),
    "present": gettext_noop("The manifest says that %(file)s is absent; it is read."),
    "shape.code": gettext_noop("A code is written as an object."),
    "shape.codes": gettext_noop("A code list is written as a list of codes."),
    "shape.organisation": gettext_noop("An organisation is written as an object."),
    "shape.organisations": gettext_noop("The file has no list of organisations (“organisaatiot”)."),
    "unknown-file": gettext_noop("This file is not part of OneRoster; it was not read."),
    "version": gettext_noop("“%(value)s” is neither 1.1 nor 1.2; read as %(version)s."),
    # What the database knows.
    "held-back": gettext_noop(
        "Name, birth date or other identity data differs from what another source masters; it was left as it is."
    ),
    "held-back.row": gettext_noop(
        "What the row says in these fields differs from what another source masters; it was left as it is."
    ),
    "identifier-other-person": gettext_noop(
        "This identifier does not go with this name. Check both; if both are right, contact support."
    ),
    "keys-differ": gettext_noop(
        "The keys of encrypted fields are being rotated. Run `digione keys rotate` to its end, then import again."
    ),
    "no-provider": gettext_noop("Name the provider whose roster this is."),
    "not-a-provider": gettext_noop(
        "%(oid)s is no education provider; give the OID of the provider that it belongs to."
    ),
    "possible-duplicate": gettext_noop(
        "Somebody with the same name and birth date is known already. Both are kept; decide whether they are one."
    ),
    "school-not-in-register": gettext_noop(
        "The register knows no school of the provider by this OID or school code; a school of the provider's own is made."
    ),
    "too-many-removals": gettext_noop(
        "%(ending)s of %(covered)s rows (%(kind)s) are missing from the file and would end. That is more than %(limit)s"
        " per cent. If it is right, run again with --accept-removals."
    ),
    "unknown-provider": gettext_noop("The register has no organisation %(oid)s. Import the organisations first."),
    # What the national register of study rights would say.
    **REGISTER_MESSAGES,
}


def kind_name(kind: str) -> str:
    """Return what rows of a kind are called, in the language that is active. An unknown kind is shown as it is."""
    file, columns, _rest = kind.partition(".columns")
    if columns:
        return pgettext("kind of rows", "other columns of %(file)s") % {"file": f"{file}.csv"}
    names = {
        "all": pgettext("kind of rows", "in all"),
        "categories": pgettext("kind of rows", "categories of assessment"),
        "classResources": pgettext("kind of rows", "learning resources of classes"),
        "codes": pgettext("kind of rows", "codes"),
        "course": pgettext("kind of rows", "courses"),
        "courseResources": pgettext("kind of rows", "learning resources of courses"),
        "enrolment": pgettext("kind of rows", "enrolments in groups"),
        "group": pgettext("kind of rows", "groups"),
        "guardian": pgettext("kind of rows", "guardianships"),
        "lineItemLearningObjectiveIds": pgettext("kind of rows", "learning objectives of assessed work"),
        "lineItemScoreScales": pgettext("kind of rows", "score scales of assessed work"),
        "lineItems": pgettext("kind of rows", "assessed work"),
        "membership": pgettext("kind of rows", "roles at schools"),
        "organisations": pgettext("kind of rows", "organisations"),
        "person": pgettext("kind of rows", "people"),
        "resources": pgettext("kind of rows", "learning resources"),
        "resultLearningObjectiveIds": pgettext("kind of rows", "learning objectives in results"),
        "resultScoreScales": pgettext("kind of rows", "score scales of results"),
        "results": pgettext("kind of rows", "results"),
        "roles": pgettext("kind of rows", "rows of roles.csv"),
        "rows": pgettext("kind of rows", "rows of the files"),
        "school": pgettext("kind of rows", "schools"),
        "scoreScales": pgettext("kind of rows", "score scales"),
        "session": pgettext("kind of rows", "school years and terms"),
        "study_right": pgettext("kind of rows", "study rights"),
        "userProfiles": pgettext("kind of rows", "user profiles in other systems"),
        "userResources": pgettext("kind of rows", "learning resources of people"),
    }
    return names.get(kind, kind)


def message(code: str, parameters: Mapping[str, Any]) -> str:
    """Return what `code` means with its parameters, in the language that is active."""
    values = {name: kind_name(value) if name == "kind" else value for name, value in parameters.items()}
    said = gettext(MESSAGES[code]) % values
    if parameters.get("element"):
        # In brackets behind whatever is said, since every code of a row can be told of an element.
        said += " " + gettext("(Element %(element)s)") % parameters
    return said


def stored_message(problem: Mapping[str, Any]) -> str:
    """Return the words of a problem that a run has stored. A code of another version is shown as it is."""
    code = str(problem.get("code", ""))
    if code not in MESSAGES:
        return code
    return message(code, problem.get("parameters") or {})
