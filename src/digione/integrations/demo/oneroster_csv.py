"""Writes one invented provider as a OneRoster 1.2 CSV set (bulk), for tests and benchmarks of the import.

Source: 1EdTech OneRoster 1.2 CSV Binding. In a bulk set `status` and `dateLastModified` stay empty, and so
does what another column tells: codes of subjects that are no codes, and the primary organisation, which the primary role has.
"""

import csv
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from digione.core.texts import in_language
from digione.integrations.demo.generate import generate_places
from digione.integrations.demo.places import places
from digione.integrations.demo.population import YEAR_ENDS, YEAR_STARTS
from digione.integrations.demo.records import Batch

_LANGUAGES = ("fi", "sv", "en")
_HEAD = "sourcedId,status,dateLastModified,"
#: The files of the set, with their columns in the order of the standard.
HEADERS = {
    "academicSessions": f"{_HEAD}title,type,startDate,endDate,parentSourcedId,schoolYear",
    "orgs": f"{_HEAD}name,type,identifier,parentSourcedId",
    "courses": f"{_HEAD}schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    "classes": f"{_HEAD}title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,"
    "subjects,subjectCodes,periods",
    "users": f"{_HEAD}enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,"
    "agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns",
    "roles": f"{_HEAD}userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
    "enrollments": f"{_HEAD}classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "demographics": f"{_HEAD}birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
    "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
    "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus",
}
_ABSENT = (
    "categories classResources courseResources lineItemLearningObjectiveIds lineItems lineItemScoreScales resources "
    "resultLearningObjectiveIds results resultScoreScales scoreScales userProfiles userResources"
)
_STAFF_ROLES = {
    "teacher": "teacher",
    "special_needs_teacher": "teacher",
    "principal": "principal",
    "school_secretary": "siteAdministrator",
    "administrator": "districtAdministrator",
    "aide": "aide",
}


def write(folder: Path, learners: int, seed: int = 2027) -> int:
    """Write a set with one provider of `learners` learners into `folder`; return how many rows it has.

    A seed of its own keeps these people apart from those of the demonstration. Flat in memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = replace(places(1000)[0], learners=learners)
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        for name, header in HEADERS.items():
            stream = stack.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
            writers[name] = csv.writer(stream)
            writers[name].writerow(header.split(","))
        rows = sum(_write(batch, writers) for batch in generate_places([place], seed))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        manifest = csv.writer(stream)
        manifest.writerow(["propertyName", "value"])
        manifest.writerows([["manifest.version", "1.0"], ["oneroster.version", "1.2"]])
        manifest.writerows([f"file.{name}", "bulk"] for name in HEADERS)
        manifest.writerows([f"file.{name}", "absent"] for name in _ABSENT.split())
        manifest.writerows([["source.systemName", "DigiOne demonstration"], ["source.systemCode", "demo"]])
    return rows


def _shown(text: dict[str, str]) -> str:
    return in_language(text, _LANGUAGES)


def _write(batch: Batch, writers: dict[str, Any]) -> int:
    provider = batch.provider.id
    # The standard wants a course for every class, so home groups belong to one that stands for the year in common.
    home_course = str(uuid5(UUID(provider), "home"))
    rows: dict[str, list[list[Any]]] = {name: [] for name in HEADERS}
    if batch.opens:
        rows["academicSessions"] = [
            [s.id, "", "", _shown(s.title), s.kind, s.starts_on, s.ends_on, s.parent_id or "", s.school_year]
            for s in batch.sessions
        ]
        year = batch.sessions[0].id
        rows["courses"] = [[home_course, "", "", year, "Kotiluokka", "KL", "", provider, "", ""]]
        rows["courses"] += [
            [c.id, "", "", c.session_id, _shown(c.title), c.code, c.grade, provider, c.subject, ""]
            for c in batch.courses
        ]
    rows["orgs"] = [
        [o.id, "", "", _shown(o.name), "district" if o.parent_id is None else "school", o.oid, o.parent_id or ""]
        for o in batch.organisations
    ]
    terms: dict[str, list[str]] = {}
    for _, group_id, session_id in batch.group_sessions:
        terms.setdefault(group_id, []).append(session_id)
    rows["classes"] = [
        [
            g.id, "", "", _shown(g.title), g.grade, g.course_id or home_course, g.code,
            "homeroom" if g.kind == "home_group" else "scheduled", "", g.school_id, ",".join(terms[g.id]),
            g.subject or "", "", "",
        ]
        for g in batch.groups
    ]  # fmt: skip
    rows["enrollments"] = [
        [
            e.id, "", "", e.group_id, e.school_id, e.person_id, e.role,
            "" if e.role == "student" else str(e.is_primary).lower(), YEAR_STARTS, YEAR_ENDS,
        ]
        for e in batch.enrolments
    ]  # fmt: skip
    _people(batch, rows)
    for name, lines in rows.items():
        writers[name].writerows(lines)
    return sum(map(len, rows.values()))


def _people(batch: Batch, rows: dict[str, list[list[Any]]]) -> None:
    provider = batch.provider.id
    known: set[str] = {person.id for person in batch.persons}
    agents: dict[str, list[str]] = {}
    for guardianship in batch.guardianships:
        # The standard has no limits of custody, so whoever may not have information is not named at all.
        if "no_information" not in guardianship.limits:
            agents.setdefault(guardianship.child_id, []).append(guardianship.guardian_id)
    reach: dict[tuple[str, str], str] = {(c.person_id, c.kind): c.value for c in batch.contacts}
    schools = {enrolment.person_id: enrolment for enrolment in batch.school_enrolments}
    # Whoever has left the place is named by no role of it.
    left = {link.person_id for link in batch.links if link.valid_to} - {
        x.person_id for x in batch.links if not x.valid_to
    }
    for person in batch.persons:
        if person.id in left:
            continue
        school = schools.get(person.id)
        middle = " ".join(name for name in person.first_names.split() if name != person.given_name)
        mail = reach.get((person.id, "email"), "")
        user_ids = f"{{learnerNumber:{person.learner_number}}}" if person.learner_number else ""
        rows["users"].append(
            [
                person.id, "", "", "true", mail or person.id, user_ids, person.given_name, person.family_name, middle,
                person.learner_number or "", mail, "", reach.get((person.id, "phone"), ""),
                ",".join(agents.get(person.id, [])), school.grade if school else "", *[""] * 8,
            ]
        )  # fmt: skip
        sex = "male" if person.sex == "1" else "female"
        rows["demographics"].append([person.id, "", "", person.birth_date, sex, *[""] * 11])
    given: set[str] = set()

    def role(row_id: str, person_id: str, name: str, organisation: str, begins: object) -> None:
        kind = "secondary" if person_id in given else "primary"
        given.add(person_id)
        rows["roles"].append([row_id, "", "", person_id, kind, name, begins, "", organisation, ""])

    for enrolment in batch.school_enrolments:
        role(enrolment.id, enrolment.person_id, "student", enrolment.school_id, YEAR_STARTS)
    for assignment in batch.assignments:
        role(
            assignment.id, assignment.person_id, _STAFF_ROLES[assignment.role], assignment.organisation_id,
            assignment.valid_from,
        )  # fmt: skip
    for link in batch.links:
        if link.basis == "guardian" and link.person_id in known:
            role(link.id, link.person_id, "guardian", provider, YEAR_STARTS)
