"""Answers the core's questions from the rules: may somebody do this, and which rows are that."""

from typing import Any
from uuid import UUID

from digione.access.permissions import Permission
from digione.access.rules import BY_CODE, RULES, Relation, Rule, rules_for
from digione.core.errors import DeniedError
from digione.core.use_case import Decision, UseCase


def _decision(rule: Rule) -> Decision:
    return Decision(rule.code, str(rule.purpose), frozenset(map(str, rule.opens)), rule.everywhere)


def _predicate(rule: Rule, uc: UseCase, column: str) -> tuple[str, list[Any]]:
    actor, relation = uc.actor, rule.relation
    assert relation is not None  # noqa: S101 - whoever calls has looked.
    if relation is Relation.SELF:
        return f"{column} = %s", [actor.person_id]
    if relation is Relation.BELONGS_TO:
        # An app is bound to everybody whom the provider knows or knew; what has ended is told as ended.
        return (
            f"EXISTS (SELECT 1 FROM {relation} r WHERE r.provider_id = %s AND r.person_id = {column})",
            [actor.provider_id],
        )
    scope: str
    narrowed: list[Any]
    if relation is Relation.GUARDIAN_OF:
        # Whichever provider knows that this guardian gets no information, the child is closed to them everywhere.
        scope, narrowed = " AND NOT people_barred(r.actor_id, r.person_id, %s)", [uc.today]
    elif relation.by_role:
        scope, narrowed = " AND r.provider_id = %s AND r.actor_role = %s", [actor.provider_id, actor.role]
    else:
        scope, narrowed = " AND r.provider_id = %s", [actor.provider_id]
    return (
        f"{column} IN (SELECT r.{relation.kind}_id FROM {relation} r WHERE r.actor_id = %s{scope}"
        " AND r.valid_from <= %s AND (r.valid_to IS NULL OR r.valid_to >= %s))",
        [actor.person_id, *narrowed, uc.today, uc.today],
    )


#: The roles that keep the national registers: only they may write the tables that everybody reads.
_REGISTRARS = frozenset(
    str(role) for rule in RULES if Permission.REGISTER_IMPORT in rule.permissions for role in rule.roles
)


class RuleDecider:
    """Answers the core's questions from `RULES`."""

    def decide(self, uc: UseCase, permission: str, ident: UUID | None, kind: str) -> Decision | None:
        """Return the first rule that allows, or None. `ident` is a person or a group, as `kind` says.

        Without one, only rules without a relation count, but for an app, whose relation is to the provider itself.
        """
        for rule in rules_for(permission, uc.actor.role):
            if ident is None:
                if rule.relation in (None, Relation.BELONGS_TO):
                    return _decision(rule)
                continue
            if rule.relation is None or rule.relation.kind != kind:
                continue
            sql, parameters = _predicate(rule, uc, "%s::uuid")
            # The id stands where the column would, so its parameter comes first.
            order = [*parameters, ident] if rule.relation is Relation.BELONGS_TO else [ident, *parameters]
            if uc.json(f"SELECT {sql}", order):
                return _decision(rule)
        return None

    def visible(self, uc: UseCase, permission: str, column: str, kind: str) -> tuple[str, list[Any], list[Decision]]:
        """Return the predicate of every rule about a `kind` that may allow, joined by OR. No rule at all is a denial."""
        rules = [
            rule
            for rule in rules_for(permission, uc.actor.role)
            if rule.relation is not None and rule.relation.kind == kind
        ]
        if not rules:
            raise DeniedError("Your role does not include this.", rule=permission)
        parts = [_predicate(rule, uc, column) for rule in rules]
        sql = " OR ".join(part for part, _ in parts)
        return f"({sql})", [value for _, values in parts for value in values], [_decision(rule) for rule in rules]

    def opened(self, uc: UseCase, decision: Decision) -> bool:
        """Say whether a rule by which a list was asked can have opened somebody in it: oneself, or anybody else."""
        if BY_CODE[decision.rule].relation is Relation.SELF:
            return uc.actor.person_id in uc.subjects
        return any(subject != uc.actor.person_id for subject in uc.subjects)

    def keeps_registers(self, role: str) -> bool:
        """Say whether whoever acts in `role` may write the registers that everybody reads."""
        return role in _REGISTRARS
