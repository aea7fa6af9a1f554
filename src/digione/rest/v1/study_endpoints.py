"""What is served of study rights: the rights with their states, what is studied and achieved, and the decisions on support.

Other than places in groups, what is over stays listed, for as long as the provider has the learner: a certificate of last
year is what an app asks for. By the national number of a study right, and by that of its source, two suppliers could join
what they know of a learner, so no app gets them (decision 12).
"""

from collections.abc import Mapping

from digione.access.scopes import (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ASSESSMENTS_WRITE,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    ATTAINMENTS_WRITE,
    STUDY_RIGHT_EXTRAS_READ,
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHT_STATES_WRITE,
    STUDY_RIGHTS_READ,
)
from digione.rest.v1.endpoint import BY_PERSON, DURING, OWN_ID, OWN_PERSON, Endpoint, Reads, Writing, by, of_people
from digione.schema.resources import RESOURCES

_TOLD = {"id": OWN_ID, "person_id": OWN_PERSON.format("The learner.")}
_CARRIED = {"carried": "what has no place in the data model yet is opened when it gets one"}
_JOINED = "by it two suppliers could join what they know of the learner (decision 12)"


#: Only study rights have an index by person: what hangs on them is found through them.
_RIGHTS_OF_PERSON = (
    "ARRAY(SELECT w.id FROM studies_studyright w WHERE w.provider_id = %(provider)s AND " + BY_PERSON.format("w") + ")"
)
_BY_RIGHT = "{0}.study_right_id = ANY (" + _RIGHTS_OF_PERSON.replace("{", "{{").replace("}", "}}") + ")"


def _refers(what: str) -> str:
    return f"{what} By the supplier's own id of it."


def _of_right(alias: str) -> Mapping[str, str]:
    return {"study_right_id": f"{alias}.study_right_id"}


_TOLD_OF_RIGHT = {**_TOLD, "study_right_id": _refers("The study right that it belongs to.")}

STUDY_RIGHTS = Endpoint(
    path="study_rights",
    single="study_right",
    resource=RESOURCES["study_right"],
    summary="Rights to study at a level, those that have ended among them",
    scope=STUDY_RIGHTS_READ,
    rows=of_people("studies_studyright", "r"),
    key="r.id",
    alias="r",
    columns={"person_id": "k.sourced_id"},
    withheld={
        **_CARRIED,
        "national_oid": _JOINED,
        "national_version": "it means something only beside the national number",
        "source_id": _JOINED,
        "told_of_person": "of use for the national register's document alone",
    },
    told=_TOLD,
    person="r.person_id",
    filters={"person_id": BY_PERSON.format("r"), **by("r", "school_id")},
    sealed=True,
    reads=Reads.STUDIES,
    past="CASE WHEN r.valid_to < %(today)s THEN r.valid_from END",
    during=DURING.format("r"),
)

STUDY_RIGHT_STATES = Endpoint(
    path="study_right_states",
    single="study_right_state",
    resource=RESOURCES["study_right_state"],
    summary="In which state a study right is, from which day on",
    scope=STUDY_RIGHT_STATES_READ,
    rows=of_people("studies_studyrightstate", "t"),
    key="t.id",
    alias="t",
    columns={"person_id": "k.sourced_id"},
    withheld=_CARRIED,
    told=_TOLD_OF_RIGHT,
    person="t.person_id",
    filters={"person_id": _BY_RIGHT.format("t"), **by("t", "study_right_id")},
    sealed=True,
    references=_of_right("t"),
    reads=Reads.STUDIES,
    past="t.valid_from",
    # A state holds until the next one begins.
    during="t.valid_from <= %(valid_on)s AND NOT EXISTS (SELECT 1 FROM studies_studyrightstate n"
    " WHERE n.provider_id = %(provider)s AND n.study_right_id = t.study_right_id AND n.place > t.place"
    " AND n.valid_from <= %(valid_on)s)",
    writing=Writing(
        STUDY_RIGHT_STATES_WRITE,
        frozenset({"valid_from", "state", "funding"}),
        adds_to="study_rights",
        owner="study_right_id",
    ),
)

STUDY_RIGHT_EXTRAS = Endpoint(
    path="study_right_extras",
    single="study_right_extra",
    resource=RESOURCES["study_right_extra"],
    summary="What is decided about a study right for a period: support, benefits, studies abroad",
    scope=STUDY_RIGHT_EXTRAS_READ,
    rows=of_people("studies_studyrightextra", "x"),
    key="x.id",
    alias="x",
    columns={"person_id": "k.sourced_id"},
    withheld=_CARRIED,
    told=_TOLD_OF_RIGHT,
    person="x.person_id",
    filters={"person_id": _BY_RIGHT.format("x"), **by("x", "study_right_id")},
    sealed=True,
    references=_of_right("x"),
    reads=Reads.SECRETS,
    past="CASE WHEN x.valid_to < %(today)s THEN x.valid_from END",
    during=DURING.format("x"),
)

ATTAINMENTS = Endpoint(
    path="attainments",
    single="attainment",
    resource=RESOURCES["attainment"],
    summary="What is studied and achieved: syllabuses, years, subjects, courses, units",
    scope=ATTAINMENTS_READ,
    rows=of_people("studies_attainment", "a"),
    key="a.id",
    alias="a",
    columns={
        "person_id": "k.sourced_id",
        # Also where the agreement gives an app the person, it does not give the municipality (decision 14).
        "confirmed_in": "CASE WHEN NOT k.hidden THEN a.confirmed_in END",
    },
    withheld=_CARRIED,
    told={**_TOLD_OF_RIGHT, "parent_id": _refers("The attainment that it is a part of.")},
    narrow=frozenset({"is_limited", "is_individualised"}),
    narrow_scope=ATTAINMENTS_SUPPORT_READ,
    person="a.person_id",
    filters={"person_id": _BY_RIGHT.format("a"), **by("a", "study_right_id", "parent_id")},
    sealed=True,
    references={**_of_right("a"), "parent_id": "a.parent_id"},
    reads=Reads.STUDIES,
    narrow_reads=Reads.SECRETS,
    past="a.confirmed_on",
    # What an attainment is (its kind, module and place in the tree) tells it from the others, and stays.
    writing=Writing(
        ATTAINMENTS_WRITE,
        frozenset(
            [
                "size",
                "size_unit",
                "is_compulsory",
                "language_scheme",
                "language",
                "course_kind",
                "valid_from",
                "group_name",
                "group_code",
                "grade",
                "site_oid",
                "taught_in",
                "manner_scheme",
                "manner",
                "unit_group",
                "repeats_grade",
                "is_limited",
                "is_individualised",
                "is_weighted",
                "is_raise",
                "average",
                "confirmed_on",
                "confirmed_in",
                "confirmed_by_oid",
                "curriculum",
            ]
        ),
        adds_to="study_rights",
        owner="study_right_id",
        given=frozenset({"parent_id", "kind", "module_scheme", "module", "module_title", "module_description"}),
        part_of="parent_id",
    ),
)

ASSESSMENTS = Endpoint(
    path="assessments",
    single="assessment",
    resource=RESOURCES["assessment"],
    summary="Marks and other judgements of attainments",
    scope=ASSESSMENTS_READ,
    rows=of_people("studies_assessment", "m"),
    key="m.id",
    alias="m",
    columns={"person_id": "k.sourced_id"},
    withheld=_CARRIED,
    told={**_TOLD, "attainment_id": _refers("The attainment that is assessed.")},
    narrow=frozenset({"description"}),
    narrow_scope=ASSESSMENTS_WORDS_READ,
    person="m.person_id",
    filters={
        "person_id": "m.attainment_id = ANY (ARRAY(SELECT a.id FROM studies_attainment a"
        f" WHERE a.provider_id = %(provider)s AND {_BY_RIGHT.format('a')}))",
        **by("m", "attainment_id"),
    },
    sealed=True,
    references={"attainment_id": "m.attainment_id"},
    reads=Reads.STUDIES,
    narrow_reads=Reads.SECRETS,
    past="m.assessed_on",
    writing=Writing(
        ASSESSMENTS_WRITE,
        frozenset({"mark_scheme", "mark", "mark_title", "assessed_on", "is_passed", "description"}),
        adds_to="attainments",
        owner="attainment_id",
    ),
)

STUDY_ENDPOINTS = (STUDY_RIGHTS, STUDY_RIGHT_STATES, STUDY_RIGHT_EXTRAS, ATTAINMENTS, ASSESSMENTS)
