"""Which scopes an app may ask for: those that some provider has granted it and that are in force today."""

from typing import Any

from django.db import connection, transaction
from oauth2_provider.models import get_application_model
from oauth2_provider.scopes import SettingsScopes

from digione.core import clock

_ONEROSTER = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
_ONEROSTER_1_1 = "https://purl.imsglobal.org/spec/or/v1p1/scope/"
#: Scopes of our own API: what is read, as in its address, then how; a narrower kind of data stands between the two.
SCHOOLS_READ = "digione:schools.read"
ACADEMIC_SESSIONS_READ = "digione:academic_sessions.read"
COURSES_READ = "digione:courses.read"
GROUPS_READ = "digione:groups.read"
GROUP_SESSIONS_READ = "digione:group_sessions.read"
PERSONS_READ = "digione:persons.read"
PERSONS_IDENTITY_READ = "digione:persons.identity.read"
SCHOOL_ENROLMENTS_READ = "digione:school_enrolments.read"
ENROLMENTS_READ = "digione:enrolments.read"
STAFF_ASSIGNMENTS_READ = "digione:staff_assignments.read"
STUDY_RIGHTS_READ = "digione:study_rights.read"
STUDY_RIGHT_STATES_READ = "digione:study_right_states.read"
STUDY_RIGHT_EXTRAS_READ = "digione:study_right_extras.read"
ATTAINMENTS_READ = "digione:attainments.read"
ATTAINMENTS_SUPPORT_READ = "digione:attainments.support.read"
ASSESSMENTS_READ = "digione:assessments.read"
ASSESSMENTS_WORDS_READ = "digione:assessments.words.read"
STUDY_RIGHT_STATES_WRITE = "digione:study_right_states.write"
ATTAINMENTS_WRITE = "digione:attainments.write"
ASSESSMENTS_WRITE = "digione:assessments.write"
#: Scope → what it opens; those of OneRoster 1.2 in the words of 1EdTech.
KNOWN_SCOPES = {
    SCHOOLS_READ: "Schools of the provider",
    ACADEMIC_SESSIONS_READ: "School years, terms and grading periods",
    COURSES_READ: "Courses that the provider and its schools offer",
    GROUPS_READ: "Groups: home groups, class sections, care groups",
    GROUP_SESSIONS_READ: "In which terms a group meets",
    PERSONS_READ: "The people of the provider, by the names that they are called by",
    PERSONS_IDENTITY_READ: "What identifies a person further: all first names, birth date, sex, languages, municipality",
    SCHOOL_ENROLMENTS_READ: "Which learner is enrolled at which school, in which grade",
    ENROLMENTS_READ: "Who belongs to which group: learners, and those who teach or help",
    STAFF_ASSIGNMENTS_READ: "Who works where, in which role",
    STUDY_RIGHTS_READ: "What learners have the right to study, at which level and school",
    STUDY_RIGHT_STATES_READ: "In which state a study right is: present, absent, ended, and how it is paid for",
    STUDY_RIGHT_EXTRAS_READ: "Decisions on support, benefits, periods abroad: secret by law",
    ATTAINMENTS_READ: "What learners study and have completed",
    ATTAINMENTS_SUPPORT_READ: "Whose syllabus is limited or individualised by a decision on support: secret by law",
    ASSESSMENTS_READ: "Marks and other judgements",
    ASSESSMENTS_WORDS_READ: "Assessments in words: secret by law",
    STUDY_RIGHT_STATES_WRITE: "To add and correct states of study rights that it may read",
    ATTAINMENTS_WRITE: "To add and correct attainments, such as a subject or a confirmation, beside the scope to read them",
    ASSESSMENTS_WRITE: "To add and correct marks where it may read them",
    f"{_ONEROSTER}roster.readonly": "The whole roster but demographics",
    f"{_ONEROSTER}roster-core.readonly": "The core of the roster",
    f"{_ONEROSTER}roster-demographics.readonly": "Birth dates and other demographics",
}


#: The scopes of OneRoster 1.1 → those of 1.2. An app has one right, by whichever version it asks; so takings and tokens
#: know the names of 1.2 alone, and those of 1.1 are read where somebody writes them.
OTHER_NAMES = {
    scope.replace(_ONEROSTER, _ONEROSTER_1_1): scope for scope in KNOWN_SCOPES if scope.startswith(_ONEROSTER)
}


def full_scope(scope: str) -> str:
    """Return the name by which a scope is known that was given in short (`roster.readonly`) or by the one of OneRoster 1.1."""
    return f"{_ONEROSTER}{scope}" if f"{_ONEROSTER}{scope}" in KNOWN_SCOPES else OTHER_NAMES.get(scope, scope)


class TakenScopes(SettingsScopes):  # type: ignore[misc]
    """Scopes of live takings. A token never opens more than the agreements did when it was asked for, and each call
    is judged against them again, since agreements end."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes that the app may be given."""
        if application is None:
            return []
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT id FROM access_app WHERE application_id = %s", [application.pk])
            found = cursor.fetchone()
            if found is None:
                return []
            cursor.execute("SELECT set_config('digione.app', %s, true)", [str(found[0])])
            cursor.execute(
                "SELECT DISTINCT unnest(scopes) FROM access_taking WHERE app_id = %(app)s AND valid_from <= %(day)s"
                " AND (valid_to IS NULL OR valid_to >= %(day)s) ORDER BY 1",
                {"app": found[0], "day": clock.today()},
            )
            return [row[0] for row in cursor.fetchall()]

    def of_client(self, client_id: str) -> list[str]:
        """Return the scopes that the app with this client id may be given; none for an unknown one."""
        return self.get_available_scopes(get_application_model().objects.filter(client_id=client_id).first())

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """An app that asks for no scope gets all that it may have."""
        return self.get_available_scopes(application, request)
