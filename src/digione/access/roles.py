"""The roles in which one acts. A code is stable; the sentence is what a data-protection officer reads."""

from enum import StrEnum


class Role(StrEnum):
    """One acts in one role at a time; it comes from a live row (an assignment, a guardianship, a link), never alone."""

    ADMINISTRATOR = "administrator"
    APP = "app"
    GUARDIAN = "guardian"
    LEARNER = "learner"
    PLATFORM = "platform"
    PRINCIPAL = "principal"
    SCHOOL_SECRETARY = "school_secretary"
    SPECIAL_NEEDS_TEACHER = "special_needs_teacher"
    TEACHER = "teacher"


#: The roles that have a desk, in the order in which they are offered to a person who has several.
DESK_ROLES = (
    Role.ADMINISTRATOR,
    Role.PRINCIPAL,
    Role.SCHOOL_SECRETARY,
    Role.SPECIAL_NEEDS_TEACHER,
    Role.TEACHER,
    Role.GUARDIAN,
    Role.LEARNER,
)

SENTENCES: dict[Role, str] = {
    Role.ADMINISTRATOR: "Runs the provider's settings, imports and apps; sees people only as far as the work needs it.",
    Role.APP: "A supplier's program that a provider has taken into use; sees what its scopes open, at that provider.",
    Role.GUARDIAN: "Has custody of a child today, with the limits that the custody has.",
    Role.LEARNER: "Is the person whom the data concerns.",
    Role.PLATFORM: "Keeps registers, providers, apps and accounts of the platform; sees no learner on a desk.",
    Role.PRINCIPAL: "Leads a school and sees the people of that school.",
    Role.SCHOOL_SECRETARY: "Keeps the register of a school and sees the people of that school.",
    Role.SPECIAL_NEEDS_TEACHER: "Teaches in groups of a school and sees the learners of these groups.",
    Role.TEACHER: "Teaches groups and sees the learners of these groups for as long as the teaching lasts.",
}
