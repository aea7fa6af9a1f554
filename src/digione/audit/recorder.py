"""Writes the audit row of a use case, in the use case's own transaction: a plain, durable insert."""

import json

from digione.audit import seen, sensitivity
from digione.core import statements
from digione.core.use_case import UseCase

_INSERT = """
INSERT INTO audit_entry (provider_id, account_id, actor, app_id, role, use_case, event, purpose, rule, subject, subjects,
                         sensitivity, earliest, outcome, reason, target, scope, request_id, seen)
SELECT %(provider)s::uuid, %(account)s::uuid, (SELECT alias FROM audit_subject WHERE person_id = %(person)s::uuid), %(app)s::uuid, %(role)s::text,
       %(use_case)s::text, %(event)s::text, %(purpose)s::text, %(rule)s::text,
       CASE WHEN cardinality(found.aliases) = 1 THEN found.aliases[1] END,
       CASE WHEN cardinality(found.aliases) > 1 THEN found.aliases END,
       %(sensitivity)s::integer, %(earliest)s::date, %(outcome)s::text, %(reason)s::text, %(target)s::uuid, %(scope)s::jsonb, %(request)s::text, %(seen)s::text
FROM (SELECT coalesce(array_agg(alias), '{}') AS aliases FROM audit_subject WHERE person_id = ANY (%(subjects)s::uuid[])) found
"""


class AuditRecorder:
    """The core's recorder: who, in which role, for which purpose and rule, whose data, with what outcome."""

    def record(self, uc: UseCase, *, outcome: str, reason: str = "") -> None:
        """Insert one row. Subjects are written as aliases, whose mapping goes when a person is erased.

        Where several rules opened what was done, their codes and purposes stand in one text, with a comma between
        them, each once: sorted by code, the purposes by themselves.
        """
        actor, decisions = uc.actor, uc.decisions()
        done = outcome == "done"
        statements.rows(
            _INSERT,
            {
                "provider": actor.provider_id,
                "account": actor.account_id,
                "person": actor.person_id,
                "app": actor.app_id,
                "role": actor.role,
                "use_case": uc.name,
                "event": uc.event,
                "purpose": ",".join(sorted({decision.purpose for decision in decisions})) or None,
                "rule": ",".join(decision.rule for decision in decisions) or None,
                "subjects": list(uc.subjects) if done else [],
                "sensitivity": sensitivity.highest(uc.fields) if done else sensitivity.NOTHING,
                "earliest": uc.earliest if done else None,
                "outcome": outcome,
                "reason": reason or None,
                "target": uc.target if outcome == "denied" else None,
                "scope": json.dumps(uc.scope, default=str) if uc.scope else None,
                "request": actor.request_id or None,
                "seen": seen.written(uc.fields) if done else None,
            },
        )
