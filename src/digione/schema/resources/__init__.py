"""Every resource of the open data model, a module for each room, in the order in which one reads them."""

from digione.schema.declare import Resource, described
from digione.schema.resources import access, core, organisations, people, studies, study_rights

#: What is declared about every resource, by its name.
RESOURCES: dict[str, Resource] = {
    declared.name: declared
    for declared in map(
        described,
        (
            organisations.Organisation,
            organisations.Provider,
            organisations.Succession,
            organisations.AcademicSession,
            people.Person,
            people.NonDisclosureNotice,
            people.ProviderLink,
            people.Identifier,
            people.Contact,
            people.Guardianship,
            people.StaffAssignment,
            people.DuplicateCase,
            people.PersonSuccession,
            studies.Course,
            studies.Group,
            studies.GroupSession,
            studies.SchoolEnrolment,
            studies.Enrolment,
            study_rights.StudyRight,
            study_rights.StudyRightState,
            study_rights.StudyRightExtra,
            study_rights.Attainment,
            study_rights.Assessment,
            core.Code,
            core.CarriedRow,
            core.ImportRun,
            core.KeyFingerprint,
            core.SourceKey,
            core.Event,
            access.Account,
            access.Supplier,
            access.App,
            access.Taking,
            access.Subject,
        ),
    )
}
