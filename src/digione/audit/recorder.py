"""Writes the audit row of a use case, in the use case's own transaction: a plain, durable insert."""

import json

from django.db import connection

from digione.audit import sensitivity
from digione.core.use_case import UseCase

_INSERT = """
INSERT INTO audit_entry (provider_id, account_id, actor, app_id, role, use_case, event, purpose, rule, subject, subjects,
                         sensitivity, earliest, outcome, reason, target, scope, request_id)
SELECT %(provider)s, %(account)s, (SELECT alias FROM audit_subject WHERE person_id = %(person)s), %(app)s, %(role)s,
       %(use_case)s, %(event)s, %(purpose)s, %(rule)s,
       CASE WHEN cardinality(found.aliases) = 1 THEN found.aliases[1] END,
       CASE WHEN cardinality(found.aliases) > 1 THEN found.aliases END,
       %(sensitivity)s, %(earliest)s, %(outcome)s, %(reason)s, %(target)s, %(scope)s::jsonb, %(request)s
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
        with connection.cursor() as cursor:
            cursor.execute(
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
                },
            )
