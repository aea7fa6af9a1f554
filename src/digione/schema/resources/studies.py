"""Studies: what is taught, in which groups, and who belongs to them."""

from datetime import date, datetime
from uuid import UUID

from digione.core.texts import LocalizedText
from digione.schema.basis import COMPULSORY_EDUCATION, NO_PERSONAL_DATA, STATUTORY_TASK
from digione.schema.declare import Master, Sensitivity, field, resource
from digione.schema.resources.shared import known_since, of_person, of_provider, own_id, valid_from, valid_to

_SUBJECTS = "koskioppiaineetyleissivistava"
_GRADES = "perusopetuksenluokkaaste"
_AS_TOLD = ", by the national code where the source knows it, else in its words."
_YEARS = "1 to 9 as in the national list; outside basic education, the year as the source names it."


@resource(table="studies_course", term="course", basis=NO_PERSONAL_DATA, master=Master.PROVIDER)
class Course:
    """A course of study that a provider, or one school of it, offers."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    school_id: UUID | None = field("The school that offers it; absent when the whole provider does.", term="school")
    session_id: UUID | None = field("The school year or part of it.", term="academic session")
    code: str | None = field("Its short name.", term="short code")
    title: LocalizedText = field("Its name.", term="name", default={})
    subjects: list[str] = field(
        f"The subjects that it teaches{_AS_TOLD}", term="subject", default=[], code_list=_SUBJECTS
    )
    grades: list[str] = field(
        f"The grades for which it is meant: {_YEARS}", term="grade", default=[], code_list=_GRADES
    )
    status: str = field("Whether it is offered.", term="status", default="active", values=("active", "ended"))
    sys_from: datetime = known_since()


@resource(table="studies_group", term="group", basis=NO_PERSONAL_DATA, master=Master.PROVIDER)
class Group:
    """Learners who are taught or cared for together at a school: home group, class section of a course, care group."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    school_id: UUID = field("The school of the group.", term="school")
    course_id: UUID | None = field("The course whose section it is.", term="course")
    kind: str = field("Which sort of group it is.", term="type", values=("home_group", "class_section", "care_group"))
    code: str | None = field(
        "Its short name, such as 7B.",
        term="short code",
        guidance="The short name of the home group as the school uses it, such as 3B.",
    )
    title: LocalizedText = field("Its name.", term="name", default={})
    grades: list[str] = field(f"The grades of its learners: {_YEARS}", term="grade", default=[], code_list=_GRADES)
    subjects: list[str] = field(
        f"The subjects that it is taught{_AS_TOLD}", term="subject", default=[], code_list=_SUBJECTS
    )
    valid_from: date | None = valid_from()
    valid_to: date | None = valid_to()
    sys_from: datetime = known_since()


@resource(table="studies_groupsession", term="group session", basis=NO_PERSONAL_DATA, master=Master.PROVIDER)
class GroupSession:
    """A group meets during an academic session."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    group_id: UUID = field("The group.", term="group")
    session_id: UUID = field("The session.", term="academic session")
    sys_from: datetime = known_since()


@resource(table="studies_schoolenrolment", term="school enrolment", basis=COMPULSORY_EDUCATION, master=Master.PROVIDER)
class SchoolEnrolment:
    """A learner is enrolled at a school, in a grade, for a period."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    person_id: UUID = of_person("The learner.", term="learner")
    school_id: UUID = field(
        "The school; hidden under a non-disclosure order.",
        term="school",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="The OID, the school code, or the exact name of the school; an unknown school refuses the row.",
    )
    grade: str | None = field(
        f"The year of schooling: {_YEARS}",
        term="grade",
        code_list=_GRADES,
        guidance="1 to 9 in basic education; outside it, the year as the school calls it.",
    )
    is_primary: bool = field("Whether it is the learner's main school.", term="primary enrolment", default=True)
    valid_from: date = valid_from(guidance="The first day at the school; left empty, 1 August of the school year.")
    valid_to: date | None = valid_to(guidance="The last day at the school; left empty while the learner goes on.")
    sys_from: datetime = known_since()


@resource(table="studies_enrolment", term="enrolment", basis=STATUTORY_TASK, master=Master.PROVIDER)
class Enrolment:
    """A person belongs to a group in a role, for a period: a learner, or one who teaches or helps."""

    id: UUID = own_id()
    provider_id: UUID = of_provider()
    group_id: UUID = field(
        "The group; hidden under a non-disclosure order.",
        term="group",
        sensitivity=Sensitivity.CONFIDENTIAL,
        guidance="The home group in which the learner is from today on; one at a time.",
    )
    school_id: UUID = field("The school of the group, kept for reading.", term="school", master=Master.PLATFORM)
    person_id: UUID = of_person("Who belongs to the group.")
    role: str = field("In which role.", term="role", values=("student", "teacher", "aide", "administrator", "proctor"))
    is_primary: bool = field("Whether a teacher is the group's main teacher.", term="primary enrolment", default=False)
    valid_from: date = valid_from()
    valid_to: date | None = valid_to()
    sys_from: datetime = known_since()
