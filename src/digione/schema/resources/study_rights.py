"""Study rights: what a learner has the right to study, in which state, and what has been studied and achieved.

Terms and code lists are those of the national register of study rights and attainments (KOSKI). What a source says
beyond these fields is kept in `carried`, so that its document can be given back whole.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from digione.core.texts import LocalizedText
from digione.schema.basis import STUDY_REGISTER, SUPPORT
from digione.schema.declare import Json, Master, Sensitivity, field, resource
from digione.schema.resources.shared import known_since, of_person, of_provider, own_id, valid_from, valid_to

_DAY = "calendar day in Finland"


def _right() -> Any:
    return field("The study right that it belongs to.", term="study right")


def _learner() -> Any:
    return of_person("The learner, who is the study right's.", term="learner")


def _place(what: str) -> Any:
    return field(f"Which of the {what} it is.", term="place in order", unit="number from 0")


def _carried(*, sensitivity: Sensitivity = Sensitivity.CONFIDENTIAL) -> Any:
    return field(
        "What the source says of it and no other field has, under the source's own names.",
        term="carried data",
        default={},
        sensitivity=sensitivity,
    )


def _kept_by() -> Any:
    return field(
        "Which system keeps the row: an app (`app:` and its id) or the desk (`digione`). Absent: the study right's source.",
        term="source",
    )


def _text(description: str, term: str, code_list: str | None = None) -> Any:
    return field(description, term=term, code_list=code_list)


@resource(table="studies_studyright", term="study right", basis=STUDY_REGISTER, master=Master.PROVIDER)
class StudyRight:
    """A learner's right to study at a level, at a school, from its first day to its last."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = _learner()
    school_id: UUID | None = field(
        "The school, where it is the provider's own; hidden under a non-disclosure order.",
        term="school",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    level: str = _text("Which form of education it is.", "level of education", "opiskeluoikeudentyyppi")
    national_oid: str | None = _text("By what the national register knows it.", "id")
    national_version: int | None = field(
        "Which version of it the national register has.", term="version", unit="number from 1"
    )
    source_id: str | None = _text("By what the source system knows it.", "id")
    source_system: str | None = _text("The source system.", "source", "lahdejarjestelma")
    school_oid: str | None = field(
        "The school by its national OID; hidden under a non-disclosure order.",
        term="organisation OID",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    organiser_oid: str | None = _text(
        "The education provider that the source names, by its national OID.", "organisation OID"
    )
    valid_from: date | None = valid_from("Its first day, where the source names it; else that of its first state.")
    valid_to: date | None = valid_to("Its last day; absent while no end is known.")
    expected_end: date | None = field("On which day it is expected to end.", term="validity", unit=_DAY)
    is_purchased: bool | None = field("Whether another provider buys the education.", term="education provider")
    arrangement: str | None = _text(
        "How early childhood or pre-primary education is arranged.", "type", "vardajarjestamismuoto"
    )
    licence: str | None = _text(
        "On which licence preparatory education (TUVA) is given.", "type", "tuvajarjestamislupa"
    )
    told_of_person: list[str] = field(
        "Which data of the learner the source's document names, so that it can be given back the same.",
        term="carried data",
        default=[],
    )
    carried: Json = _carried(sensitivity=Sensitivity.SECRET)
    sys_from: datetime = known_since()


@resource(table="studies_studyrightstate", term="state of a study right", basis=STUDY_REGISTER, master=Master.PROVIDER)
class StudyRightState:
    """The state of a study right from a day on, until the next state begins."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    study_right_id: UUID = _right()
    person_id: UUID = _learner()
    place: int = _place("states")
    valid_from: date = valid_from(
        "The first day of the state.",
        guidance="The day from which the state holds, not the day on which it is written down.",
    )
    state: str = field(
        "The state.",
        term="state of a study right",
        code_list="koskiopiskeluoikeudentila",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="What holds from the first day of the state on, by the national list. Nothing else about the learner is told here.",
    )
    funding: str | None = field(
        "How the studies are paid for.",
        term="funding",
        code_list="opintojenrahoitus",
        guidance="Asked of the states in which studies are paid for, by the national list. State money pays for most.",
    )
    kept_by: str | None = _kept_by()
    carried: Json = _carried()
    sys_from: datetime = known_since()


@resource(table="studies_studyrightextra", term="extra information", basis=SUPPORT, master=Master.PROVIDER)
class StudyRightExtra:
    """What is decided or known about a study right for a period: support, benefits, studies abroad and others."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    study_right_id: UUID = _right()
    person_id: UUID = _learner()
    place: int = _place("pieces of extra information")
    kind: str = field(
        "What it is about, such as support_decision or abroad.", term="type", sensitivity=Sensitivity.SECRET
    )
    is_listed: bool = field("Whether the source has a list of such pieces, or one alone.", term="place in order")
    holds: bool | None = field(
        "Whether it holds, where that is all there is to say.", term="extra information", sensitivity=Sensitivity.SECRET
    )
    valid_from: date | None = valid_from()
    valid_to: date | None = valid_to()
    country: str | None = _text("The country, of a period abroad.", "code", "maatjavaltiot2")
    description: LocalizedText | None = field(
        "What is said about it.", term="extra information", sensitivity=Sensitivity.SECRET
    )
    kept_by: str | None = _kept_by()
    carried: Json = _carried(sensitivity=Sensitivity.SECRET)
    sys_from: datetime = known_since()


@resource(table="studies_attainment", term="attainment", basis=STUDY_REGISTER, master=Master.PROVIDER)
class Attainment:
    """What is studied and achieved: a syllabus, a year, a subject, a course, a unit; each may be made of others."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    study_right_id: UUID = _right()
    person_id: UUID = _learner()
    parent_id: UUID | None = field("The attainment that it is a part of.", term="attainment")
    place: int = _place("parts of the attainment above it")
    node: str = field(
        "By what it is told from the other attainments of the study right: its kinds and modules from the top.",
        term="attainment",
        internal=True,
    )
    kind: str = _text("What sort of attainment it is.", "attainment", "suorituksentyyppi")
    module_scheme: str | None = _text("The code list of the module; absent for one of the provider's own.", "code list")
    module: str = _text("What is studied.", "module of education")
    module_title: LocalizedText | None = _text("The name of a module of the provider's own.", "name")
    module_description: LocalizedText | None = _text("What the module is about.", "module of education")
    curriculum: str | None = _text("The core curriculum or requirements, by their number.", "curriculum")
    size: Decimal | None = field("How much it counts.", term="size", unit="as size_unit says")
    size_unit: str | None = _text("In which unit.", "size", "opintojenlaajuusyksikko")
    is_compulsory: bool | None = field("Whether it is compulsory.", term="syllabus")
    language_scheme: str | None = _text("The code list of the language.", "code list")
    language: str | None = _text("Which language, or which syllabus of the mother tongue, is studied.", "syllabus")
    course_kind: str | None = _text("What sort of course it is.", "course", "lukionkurssintyyppi")
    valid_from: date | None = valid_from("The day on which it was begun.")
    group_name: str | None = field(
        "The class in which it is studied; hidden under a non-disclosure order.",
        term="group",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    group_code: str | None = field(
        "The group in which it is studied; hidden under a non-disclosure order.",
        term="group",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    grade: str | None = _text("The grade whose syllabus is studied.", "grade", "perusopetuksenluokkaaste")
    site_oid: str | None = field(
        "Where it is studied, by the national OID; hidden under a non-disclosure order.",
        term="organisation OID",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    taught_in: str | None = _text("In which language.", "teaching language", "kieli")
    manner_scheme: str | None = _text("The code list of the manner.", "code list")
    manner: str | None = _text("In which manner it is studied or shown.", "type")
    unit_group: str | None = _text(
        "To which group of units of a qualification it belongs.", "type", "ammatillisentutkinnonosanryhma"
    )
    repeats_grade: bool | None = field(
        "Whether the grade is repeated.", term="grade", sensitivity=Sensitivity.CONFIDENTIAL
    )
    is_limited: bool | None = field(
        "Whether the syllabus is limited by a decision on support.",
        term="syllabus",
        basis=SUPPORT,
        sensitivity=Sensitivity.SECRET,
    )
    is_individualised: bool | None = field(
        "Whether the syllabus is individualised by a decision on special support.",
        term="syllabus",
        basis=SUPPORT,
        sensitivity=Sensitivity.SECRET,
    )
    is_weighted: bool | None = field("Whether the subject is taught with an emphasis.", term="syllabus")
    is_raise: bool | None = field("Whether an earlier mark was raised.", term="mark")
    average: Decimal | None = field(
        "The average of the marks.", term="mark", unit="mark", sensitivity=Sensitivity.CONFIDENTIAL
    )
    confirmed_on: date | None = field("On which day it was confirmed.", term="confirmation", unit=_DAY)
    confirmed_in: str | None = _text("In which municipality it was confirmed.", "municipality", "kunta")
    confirmed_by_oid: str | None = field(
        "Who confirmed it, by the national OID; hidden under a non-disclosure order.",
        term="organisation OID",
        sensitivity=Sensitivity.CONFIDENTIAL,
    )
    kept_by: str | None = _kept_by()
    carried: Json = _carried(sensitivity=Sensitivity.SECRET)
    sys_from: datetime = known_since()


@resource(table="studies_assessment", term="assessment", basis=STUDY_REGISTER, master=Master.PROVIDER)
class Assessment:
    """A mark, or another judgement of an attainment, on a day."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    attainment_id: UUID = field("The attainment that is assessed.", term="attainment")
    person_id: UUID = _learner()
    place: int = _place("assessments of the attainment")
    mark_scheme: str | None = _text(
        "The scale of the mark: its code list; absent for one of the provider's own.", "code list"
    )
    mark: str | None = field(
        "The mark.",
        term="mark",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="The mark that the teacher has given, on the scale that the assessment has.",
    )
    mark_title: LocalizedText | None = _text("The name of a mark of the provider's own.", "mark")
    assessed_on: date | None = field(
        "On which day.",
        term="assessment",
        unit=_DAY,
        guidance="The day on which the mark was given. Not a day to come.",
    )
    is_passed: bool | None = field("Whether it is passed.", term="mark", sensitivity=Sensitivity.CONFIDENTIAL)
    description: LocalizedText | None = field(
        "The assessment in words, which is secret.", term="assessment", sensitivity=Sensitivity.SECRET
    )
    kept_by: str | None = _kept_by()
    carried: Json = _carried(sensitivity=Sensitivity.SECRET)
    sys_from: datetime = known_since()
