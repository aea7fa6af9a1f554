"""What of somebody was seen, in a few words that a reader of the log understands: contact details, school, groups."""

from collections.abc import Iterable
from enum import StrEnum


class Topic(StrEnum):
    """A part of what is known of a person, in the order in which it is told."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    MOTHER_TONGUE = "mother_tongue"
    NATIONALITY = "nationality"
    MUNICIPALITY = "municipality"
    PROTECTION = "protection"
    IDENTIFIER = "identifier"
    CONTACT = "contact"
    GUARDIANS = "guardians"
    CUSTODY = "custody"
    SCHOOL = "school"
    GROUPS = "groups"
    STUDIES = "studies"
    RESULTS = "results"
    SUPPORT = "support"
    WORK = "work"
    PROVIDER = "provider"
    DUPLICATE = "duplicate"
    ACCOUNT = "account"
    CARRIED = "carried"


#: Of tables whose every column is about one thing.
_TABLES = {
    "access_account": Topic.ACCOUNT,
    "core_carriedrow": Topic.CARRIED,
    "people_contact": Topic.CONTACT,
    "people_duplicatecase": Topic.DUPLICATE,
    "people_guardianship": Topic.GUARDIANS,
    "people_identifier": Topic.IDENTIFIER,
    "people_nondisclosure": Topic.PROTECTION,
    "people_personsuccession": Topic.DUPLICATE,
    "people_providerperson": Topic.PROVIDER,
    "people_staffassignment": Topic.WORK,
    "studies_assessment": Topic.RESULTS,
    "studies_attainment": Topic.STUDIES,
    "studies_enrolment": Topic.GROUPS,
    "studies_schoolenrolment": Topic.SCHOOL,
    "studies_studyright": Topic.STUDIES,
    "studies_studyrightextra": Topic.SUPPORT,
    "studies_studyrightstate": Topic.STUDIES,
}
_FIELDS = {
    "people_guardianship.limits": Topic.CUSTODY,
    "people_person.birth_date": Topic.BIRTH_DATE,
    "people_person.family_name": Topic.NAME,
    "people_person.first_names": Topic.NAME,
    "people_person.given_name": Topic.NAME,
    "people_person.home_municipality": Topic.MUNICIPALITY,
    "people_person.mother_tongue": Topic.MOTHER_TONGUE,
    "people_person.nationalities": Topic.NATIONALITY,
    "people_person.non_disclosure": Topic.PROTECTION,
    "people_person.sex": Topic.SEX,
}
#: What an app never gets of somebody under a non-disclosure order, whatever its agreement opens (decision 14).
OF_PROTECTED = (Topic.MUNICIPALITY, Topic.CONTACT)
#: What an app no longer gets of somebody who has left the provider: it is told that the id is to be deleted, and to which
#: school or group that id belonged.
OF_GONE = (
    Topic.NAME,
    Topic.BIRTH_DATE,
    Topic.SEX,
    Topic.MOTHER_TONGUE,
    Topic.NATIONALITY,
    Topic.MUNICIPALITY,
    Topic.CONTACT,
    Topic.GUARDIANS,
)
_ORDER = {topic: place for place, topic in enumerate(Topic)}


def topics(fields: Iterable[str]) -> list[Topic]:
    """Return what `fields` (`table.column`) tell of a person, each topic once, in the order of `Topic`.

    Fields that only bind rows together, such as a person's id, tell nothing by themselves.
    """
    found = {_FIELDS.get(name) or _TABLES.get(name.partition(".")[0]) for name in fields} - {None}
    return sorted((topic for topic in found if topic is not None), key=_ORDER.__getitem__)


def written(fields: Iterable[str]) -> str | None:
    """Return the topics of `fields` as the log writes them, with a comma between them; None where there are none."""
    return ",".join(topics(fields)) or None


def read(text: str | None) -> list[Topic]:
    """Return the topics that a row of the log tells; none for a row that was written before topics were."""
    return [Topic(code) for code in text.split(",") if code in set(Topic)] if text else []
