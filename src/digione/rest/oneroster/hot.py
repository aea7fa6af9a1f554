"""The functions that PostgreSQL keeps for OneRoster: who asks, users by id, and the hot lane's one user.

They are made of the very SQL that the ordinary operation runs, so both answer alike; a test proves it.
All run with the caller's rights, under row-level security.
"""

import re
from collections.abc import Mapping

from digione.rest.oneroster.operations import CORE, ROSTER
from digione.rest.oneroster.people import PAGE_PERSONS, USERS

_APP = """
-- The app behind a token, one row for each provider that has taken it; a row without provider when none has.
-- No row: the token is unknown, has ended, or belongs to no app. Sets the app's reach for the transaction.
-- Of several takings the scopes add up, but people with non-disclosure are included only where every one includes
-- them: what one agreement opens about them must not be read with the scopes of another.
CREATE FUNCTION oneroster_app(checksum text, at timestamptz, day date)
RETURNS TABLE (app_id uuid, supplier_id uuid, provider_id uuid, scopes text[], disclosed boolean)
LANGUAGE plpgsql AS $f$
#variable_conflict use_column
DECLARE app uuid; supplier uuid; carried text[];
BEGIN
    SELECT a.id, a.supplier_id, string_to_array(t.scope, ' ') INTO app, supplier, carried
    FROM oauth2_provider_accesstoken t JOIN access_app a ON a.application_id = t.application_id
    WHERE t.token_checksum = checksum AND t.expires > at;
    IF app IS NULL THEN RETURN; END IF;
    PERFORM set_config('digione.app', app::text, true), set_config('digione.supplier', supplier::text, true);
    RETURN QUERY
        SELECT app, supplier, t.provider_id, array_agg(DISTINCT granted.scope), bool_and(t.non_disclosure_included)
        FROM access_taking t
        CROSS JOIN LATERAL (SELECT unnest(t.scopes) AS scope INTERSECT SELECT unnest(carried)) granted
        WHERE t.app_id = app AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to >= day)
        GROUP BY t.provider_id ORDER BY t.provider_id;
    IF NOT FOUND THEN RETURN QUERY SELECT app, supplier, NULL::uuid, '{}'::text[], false; END IF;
END $f$;
"""

_USER = """
-- Left to itself, PostgreSQL would plan each call anew, at ten times the cost of the call.
-- The JSON of one user, audited; NULL where the ordinary lane must answer: a refusal, or a person of several providers.
CREATE FUNCTION oneroster_user(checksum text, asked_id uuid, base text DEFAULT '')
RETURNS text LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE
    day date := (now() AT TIME ZONE 'Europe/Helsinki')::date;
    granted record; chosen record; places integer := 0; answer text; alias uuid; listed uuid; persons uuid[];
BEGIN
    FOR granted IN SELECT * FROM oneroster_app(checksum, now(), day) g WHERE g.scopes && ARRAY['{roster}', '{core}'] LOOP
        SELECT k.person_id INTO listed FROM access_listing k WHERE k.supplier_id = granted.supplier_id AND k.provider_id = granted.provider_id
            AND k.sourced_id = asked_id AND (granted.disclosed OR NOT k.hidden);
        IF FOUND THEN
            places := places + 1;
            chosen := granted;
            persons := ARRAY[listed];
        END IF;
    END LOOP;
    IF places <> 1 THEN RETURN NULL; END IF;
    PERFORM set_config('digione.provider', chosen.provider_id::text, true), set_config('digione.persons', '', true),
        set_config('digione.actor', chosen.app_id::text, true), set_config('digione.register', '', true);
    SELECT {json}::text, p.audit_alias INTO answer, alias FROM (SELECT asked_id AS id) asked {bodies};
    IF answer IS NULL THEN RETURN NULL; END IF;
    INSERT INTO audit_entry (provider_id, app_id, role, use_case, event, purpose, rule, subject, sensitivity, outcome, scope)
    VALUES (chosen.provider_id, chosen.app_id, 'app', 'rest.oneroster.roster.read_roster', 'roster.read', 'service',
            'app-taken', alias, 1, 'done', '{{"operation": "getUser", "count": 1}}');
    RETURN '{{"user":' || answer || '}}';
END $f$;
"""

_USERS = """
-- The JSON of users, in the order of their ids. A function, because its plan is kept: planning costs more than a page.
CREATE FUNCTION oneroster_users(ids uuid[], provider uuid, supplier uuid, today date, base text, disclosed boolean, contact boolean)
RETURNS TABLE (id uuid, body text, person uuid) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $f$
#variable_conflict use_column
DECLARE persons uuid[] := ({persons});
BEGIN
    RETURN QUERY {sql};
END $f$;
"""

_VARIABLES = {
    "persons": "persons",
    "provider": "chosen.provider_id",
    "supplier": "chosen.supplier_id",
    "today": "day",
    "base": "base",
    "disclosed": "chosen.disclosed",
    "contact": f"('{ROSTER}' = ANY (chosen.scopes))",
}


_PARAMETERS = {
    "persons": "persons",
    **{
        name: f"oneroster_users.{name}"
        for name in ("ids", "provider", "supplier", "today", "base", "disclosed", "contact")
    },
}


def _inlined(sql: str, names: Mapping[str, str]) -> str:
    """Return the ordinary operation's SQL with the function's variables in place of its parameters."""
    return re.sub(r"%\((\w+)\)s", lambda found: names[found[1]], sql)


FUNCTIONS = (
    _APP
    + _USERS.format(sql=_inlined(USERS.bodies_sql(None), _PARAMETERS), persons=_inlined(PAGE_PERSONS, _PARAMETERS))
    + _USER.format(
        roster=ROSTER,
        core=CORE,
        json=_inlined(USERS.json_sql(None), _VARIABLES),
        bodies=_inlined(USERS.bodies, _VARIABLES),
    )
)
