"""What the page of who has looked says: what somebody did, what they saw, for what."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from digione.web.templatetags import desk

register = template.Library()


@register.filter
def who_did(viewers: list[Mapping[str, Any]], act: str) -> list[Mapping[str, Any]]:
    """Keep the viewers who did a thing of this kind."""
    return [viewer for viewer in viewers if viewer["act"] == act]


@register.filter
def act_done(act: str) -> str:
    """Show what was done with the topics that follow."""
    names = {"change": _("Concerns:"), "export": _("Exported:"), "fetch": _("Fetched:")}
    return names.get(act) or _("Seen:")


@register.filter
def topics_listed(topics: Iterable[str]) -> str:
    """Show what of somebody was seen, as one list in words."""
    names = {
        "account": _("user account"),
        "birth_date": _("date of birth"),
        "carried": _("data that another system sent and nobody reads here yet"),
        "contact": _("contact details"),
        "custody": _("limits of custody"),
        "duplicate": _("whether two records may be of one person"),
        "groups": pgettext("topic", "groups"),
        "guardians": _("guardianship"),
        "identifier": _("identifying numbers"),
        "mother_tongue": _("mother tongue"),
        "municipality": _("home municipality"),
        "name": _("name"),
        "nationality": _("nationality"),
        "protection": _("mark of non-disclosure"),
        "provider": _("link to an education provider"),
        "results": _("results of studies"),
        "school": _("school"),
        "sex": _("sex"),
        "studies": _("studies"),
        "support": _("support and benefits"),
        "work": _("work"),
    }
    return desk.in_a_row([names[topic] for topic in topics])


@register.filter
def event_name(event: str) -> str:
    """Show what somebody did with the data, as a thing that was done."""
    names = {
        "account.read": _("looked up whom an account is for"),
        "account.managed": _("gave an account or changed it"),
        "audit.read": _("looked at who has looked"),
        "certificate.read": _("opened a certificate"),
        "desk.opened": _("saw the details on a desk"),
        "duplicate.decided": _("decided whether two records are one person"),
        "duplicate.read": _("compared two records"),
        "duplicate.undone": _("took a decision about two records back"),
        "group.read": _("opened a group's list"),
        "identifier_cases.read": _("looked at which identity codes contradict each other"),
        "person.read": _("opened the person's page"),
        "person.searched": _("saw the name in a search"),
        "placement.made": _("placed in a home group"),
        "placement.read": _("looked for a home group"),
        "placement.undone": _("took a placement in a home group back"),
        "roster.demographics_read": _("fetched details"),
        "roster.exported": _("exported the roster to a file"),
        "roster.read": _("fetched details"),
        "study_path.read": _("opened the study path"),
        "study_right.corrected": _("corrected a state of the studies or a mark"),
        "study_right.correction_undone": _("took a correction back"),
        "study_right.inspected": _("checked the study rights"),
        "study_right.state_added": _("added a state of the studies"),
        "study_rights.exported": _("exported study rights to a file"),
        "study_rights.read": _("fetched details"),
        "study_secrets.read": _("fetched details"),
    }
    return names.get(event, event)


@register.filter
def purposes_listed(purposes: list[str]) -> str:
    """Show for what data was used, as one sentence without its full stop."""
    names = {
        "administration": _("running the school"),
        "own_data": _("one's own or one's child's data"),
        "register": _("keeping the national registers"),
        "service": _("a service that the school uses"),
        "teaching": _("teaching"),
    }
    return desk.first_up(desk.in_a_row([names.get(purpose, purpose) for purpose in purposes])) or _("not known")


@register.filter
def reason_shortly(viewer: Mapping[str, Any]) -> str:
    """Show in a few words why somebody could see the person: how they are bound to them, else for what it was."""
    names = {
        "people_administers": _("looks after the organisation's data"),
        "people_decides_duplicate_of": _("clears up double records"),
        "people_guardian_of": _("is a guardian"),
        "self": _("one's own data"),
        "studies_office_of_group": _("works in the school's office"),
        "studies_office_of_learner": _("works in the school's office"),
        "studies_teaches": _("teaches the learner"),
        "studies_teaches_group": _("teaches the learner"),
        "studies_teaches_learner": _("teaches the learner"),
        "studies_works_at_school_of": _("works in the school's office"),
    }
    # An app is bound to everybody whom the provider knows, so what it is for says more.
    bonds = dict.fromkeys(names[bond] for bond in viewer["bonds"] if bond in names)
    if bonds:
        return desk.in_a_row(list(bonds))
    purposes = purposes_listed(viewer["purposes"])
    return purposes[:1].lower() + purposes[1:]


@register.filter
def level_sentence(level: int) -> str:
    """Show how sensitive the most sensitive of what was seen is, by the levels of the log."""
    return {
        2: _("Confidential details, such as school, group or contact details."),
        3: _("Details that are secret by law, such as a mark of non-disclosure."),
    }.get(level, _("Names and other ordinary details."))


@register.filter
def viewer_place(viewer: Mapping[str, Any]) -> str:
    """Show where a viewer works, and for whom: the places, then the provider; nothing for the family."""
    if viewer["act"] == "home":
        return ""
    names = [*(desk.localized(place) for place in viewer["places"]), desk.localized(viewer["provider"])]
    return ", ".join(dict.fromkeys(name for name in names if name))


@register.filter
def period_shown(page: Mapping[str, Any]) -> str:
    """Show of which time a page of the log tells."""
    if page["before"]:
        return _("Before %(moment)s") % {"moment": desk.moment(page["before"].at)}
    return ngettext("The last day", "The last %(n)s days", page["days"]) % {"n": desk.figure(page["days"])}


@register.filter
def events_listed(events: list[str]) -> str:
    """Show what somebody did, as one list in words, each thing once."""
    return desk.in_a_row(list(dict.fromkeys(map(event_name, events))))
