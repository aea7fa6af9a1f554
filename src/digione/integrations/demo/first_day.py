"""The first day of the demonstration: staff open the pages of some learners, so that the log has true looks to show.

Every look goes through the use case that a desk asks, in the role that a live row gives; nothing is written into the log
but by them. Whoever may not see somebody does not look.
"""

from uuid import UUID

from django.contrib.auth import get_user_model

from digione.core import clock
from digione.core.use_case import Actor
from digione.integrations.demo import cast
from digione.people.desks import desk_of
from digione.studies import selectors as studies


def look_around() -> int:
    """Let staff look at learners as `cast` tells; return how many learners' pages they have opened."""
    children = {child.username: child for child in cast.CHILDREN}
    opened = 0
    for looks, look in ((cast.TEACHERS_LOOKS, _from_the_group), (cast.OFFICES_LOOKS, _by_search)):
        for reader, learner in looks:
            actor = _at_the_desk(reader)
            opened += actor is not None and look(actor, children[learner])
    return opened


def _at_the_desk(username: str) -> Actor | None:
    """Return somebody in the first of their roles, as the door of the demonstration gives it; None without an account."""
    account = get_user_model().objects.filter(username=username).first()
    if account is None or account.person_id is None:
        return None
    person: UUID = account.person_id
    choice = next(iter(desk_of(person, day=clock.today()).roles), None)
    if choice is None:
        return None
    return Actor(
        choice.role, person_id=person, account_id=account.pk, provider_id=choice.provider_id, persons=(person,)
    )


def _from_the_group(actor: Actor, child: cast.Child) -> bool:
    code = f"{child.grade}{child.letter}"
    mine = [group for group in studies.teacher_landing(actor)["groups"] if (group["code"] or "").endswith(code)]
    for group in mine[:1]:
        for learner in studies.group_page(actor, group=group["id"])["learners"]:
            if (learner["given_name"], learner["family_name"]) == (child.given, child.family):
                studies.person_page(actor, person=learner["id"])
                return True
    return False


def _by_search(actor: Actor, child: cast.Child) -> bool:
    for found in studies.search_people(actor, text=f"{child.given} {child.family}")["people"][:1]:
        studies.person_page(actor, person=found["id"])
        return True
    return False
