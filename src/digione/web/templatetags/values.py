"""What the values of our own closed lists are called. National code lists have their names as data."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def value_name(value: str) -> str:
    """Show what a value of one of our own lists is called. Raises `KeyError` for a value that has no name."""
    return {
        # Organisations and their succession.
        "provider": _("education provider"),
        "school": _("school"),
        "site": _("place of business"),
        "apprenticeship_site": _("apprenticeship office"),
        "working_life": _("organisation of working life"),
        "early_years_organiser": _("organiser of early childhood education"),
        "early_years_site": _("place of early childhood education"),
        "municipality": _("municipality"),
        "merge": _("merger"),
        "split": _("split"),
        "change": _("change of provider"),
        # Parts of a year.
        "schoolYear": _("school year"),
        "semester": _("semester"),
        "term": _("term"),
        "gradingPeriod": _("grading period"),
        # People, and what is known of them.
        "1": _("man"),
        "2": _("woman"),
        "learner": _("learner"),
        "guardian": _("guardian"),
        "staff": _("member of staff"),
        "hetu": _("personal identity code"),
        "learner_number": _("learner number"),
        "local": _("the provider's own id"),
        "username": _("user name"),
        "email": _("e-mail"),
        "phone": _("phone"),
        "address": _("postal address"),
        "custodian": _("custodian"),
        "no_information": _("gets no information"),
        "no_decisions": _("takes no part in decisions"),
        "open": _("not decided yet"),
        "same": _("the same person"),
        "different": _("different people"),
        # Work at a school, and places in a group.
        "teacher": _("teacher"),
        "special_needs_teacher": _("special needs teacher"),
        "principal": _("principal"),
        "school_secretary": _("school secretary"),
        "aide": _("school aide"),
        "administrator": _("main administrator"),
        "student": _("learner of the group"),
        "proctor": _("invigilator"),
        "active": _("in use"),
        "ended": _("ended"),
        "home_group": _("home group"),
        "class_section": _("teaching group"),
        "care_group": _("group of early childhood education"),
        # Imports and accounts.
        "done": _("done"),
        "dry_run": _("tried only"),
        "refused": _("refused"),
        "fi": _("Finnish"),
        "sv": _("Swedish"),
        "en": _("English"),
        "other": _("something else"),
    }[value]
