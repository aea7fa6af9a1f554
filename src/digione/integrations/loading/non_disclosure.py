"""Non-disclosure (turvakielto) fails closed: whoever says yes sets it at once, and only who set it takes it back.

A source that does not have the field says nothing (NULL). Each source that says yes leaves a notice of its own; a no
withdraws that source's notice, and the person's flag falls when nobody else, in any provider, has one. A flag that
stands without a notice was set by other means, and no import takes it back.
"""

from digione.integrations.loading.merge import Merge

_TOLD = "r.state <> 'refused' AND r.non_disclosure"


def write_non_disclosure(merge: Merge) -> None:
    """Set and withdraw the flag. The persons are locked, so what another provider says cannot fall in between."""
    if not merge.uc.row("SELECT 1 FROM stage_person WHERE non_disclosure IS NOT NULL LIMIT 1"):
        return
    merge.execute(
        "INSERT INTO people_nondisclosure (id, provider_id, person_id, source)"
        " SELECT {id:r.line}, %(provider)s, r.id, %(source)s FROM ready_person r JOIN people_person t ON t.id = r.id"
        f" WHERE {_TOLD} AND (r.state = 'added' OR NOT t.non_disclosure OR r.id IN (SELECT people_protected_by_others("
        f" (SELECT array_agg(r.id) FROM ready_person r WHERE {_TOLD}), %(source)s))) ON CONFLICT DO NOTHING"
    )
    merge.execute(
        "UPDATE people_person t SET non_disclosure = true FROM ready_person r"
        f" WHERE {_TOLD} AND t.id = r.id AND NOT t.non_disclosure"
    )
    withdrawn = merge.uc.rows(
        "DELETE FROM people_nondisclosure n USING ready_person r WHERE n.provider_id = %(provider)s"
        " AND n.source = %(source)s AND n.person_id = r.id AND r.state <> 'refused' AND r.non_disclosure IS FALSE"
        " RETURNING n.person_id",
        merge.values,
    )
    if withdrawn:
        merge.execute(
            "UPDATE people_person SET non_disclosure = false WHERE id = ANY (%(persons)s)"
            " AND id NOT IN (SELECT people_protected_by_others(%(persons)s, %(source)s))",
            persons=[row["person_id"] for row in withdrawn],
        )
