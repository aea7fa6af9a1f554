"""Writes the audit row of a use case, in the use case's own transaction: a plain, durable insert."""

import json

from django.db import connection

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
        """Insert one row. Subjects are written as aliases, whose mapping goes when a person is erased."""
        actor, decision = uc.actor, uc.decision
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
                    "purpose": decision.purpose if decision else None,
                    "rule": decision.rule if decision else None,
                    "subjects": list(uc.subjects) if outcome == "done" else [],
                    "sensitivity": decision.sensitivity if decision else 0,
                    "earliest": uc.earliest,
                    "outcome": outcome,
                    "reason": reason or None,
                    "target": uc.target if outcome == "denied" else None,
                    "scope": json.dumps(uc.scope, default=str) if uc.scope else None,
                    "request": actor.request_id or None,
                },
            )
