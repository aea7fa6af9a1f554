"""The core's own promises: ids rise, secrets open only with their key, names sort and are found, late commits count."""

import base64
import contextlib
import os
import time
from uuid import RFC_4122, UUID

import psycopg
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from digione.core import secrets
from digione.core.ids import new_id, new_ids
from digione.core.outbox import Place, settled_since
from digione.core.texts import in_language, search_key, sort_key
from digione.core.use_case import UseCase, set_reach
from tests import cast


def test_ids_rise_and_are_version_seven() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert {one.version for one in made} == {7}


def test_ids_made_together_rise_among_those_made_alone() -> None:
    made = [new_id(), *map(UUID, new_ids(10_000)), new_id(), *map(UUID, new_ids(1)), new_id()]
    assert made == sorted(made)
    assert len({one.int & (1 << 62) - 1 for one in made}) == len(made) == 10_004
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert new_ids(0) == []


@given(st.text(max_size=60))
def test_a_secret_opens_to_what_it_was_and_never_looks_the_same(text: str) -> None:
    first, second = secrets.encrypt(text), secrets.encrypt(text)
    assert secrets.decrypt(first) == secrets.decrypt(second) == text
    assert first != second
    assert secrets.digest(text) == secrets.digest(text)


def test_after_a_rotation_old_secrets_open_and_new_ones_carry_the_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    monkeypatch.setenv("DIGIONE_KEYS", f"1:{one}")
    secrets.forget_keys()
    old, old_digest = secrets.encrypt("140317A9350"), secrets.digest("140317A9350")
    monkeypatch.setenv("DIGIONE_KEYS", f"2:{two},1:{one}")
    secrets.forget_keys()
    assert secrets.decrypt(old) == "140317A9350"
    assert (secrets.key_id(old), secrets.key_id(secrets.encrypt("x"))) == (1, 2)
    assert old_digest in secrets.digests("140317A9350")
    monkeypatch.setenv("DIGIONE_KEYS", f"2:{two}")
    secrets.forget_keys()
    with pytest.raises(secrets.UnknownKeyError):
        secrets.decrypt(old)
    monkeypatch.undo()
    secrets.forget_keys()


def test_finnish_and_swedish_names_sort_as_in_a_register() -> None:
    names = ["Öhman", "Äijälä", "Åberg", "Zetterberg", "Aalto", "Çelik", "Ng", "Šćepanović"]
    assert sorted(names, key=sort_key) == [
        "Aalto",
        "Çelik",
        "Ng",
        "Šćepanović",
        "Zetterberg",
        "Åberg",
        "Äijälä",
        "Öhman",
    ]
    assert sort_key("Mäki", "Aino") < sort_key("Mäkinen", "Aino")


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Mäkinen", "makinen"),
        ("Sjöström", "sjostrom"),
        ("Ánne-Márjá", "anne marja"),
        ("Đorđe", "dorde"),
        ("O’Neill", "o neill"),
    ],
)
def test_a_name_is_found_without_its_accents(written: str, asked: str) -> None:
    assert search_key(written) == asked


def test_a_text_falls_back_through_the_languages() -> None:
    assert in_language({"fi": "koulu", "sv": "skola"}, ["en", "sv", "fi"]) == "skola"
    assert in_language({"se": "skuvla"}, ["fi"]) == "skuvla"
    assert in_language({}, ["fi"]) == ""


def _told(place: Place) -> list[tuple[Place, str]]:
    """Return where each event behind `place` stands, and what it tells."""
    set_reach(cast.platform.at(cast.KUUSNIEMI))
    uc = UseCase(cast.platform, "test", "test", "test")
    return [
        (Place(row["xid"], row["position"]), row["data"]["who"])
        for row in settled_since(uc, place)
        if row["type"] == "test.interleaved"
    ]


@pytest.mark.django_db
def test_an_event_that_commits_late_is_not_skipped() -> None:
    """Transactions interleave in both ways: what took its position first, or began first, commits last."""
    insert = (
        "INSERT INTO core_outbox (id, provider_id, type, data)"
        " VALUES (gen_random_uuid(), %s, 'test.interleaved', jsonb_build_object('who', %s::text)) RETURNING position"
    )
    parameters = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in {"cursor_factory", "context"}
    }
    with contextlib.ExitStack() as open_ones:
        early, late, other = (open_ones.enter_context(psycopg.connect(**parameters)) for _ in range(3))
        for one in (early, late, other):
            one.execute("SELECT set_config('digione.provider', %s, false)", [str(cast.KUUSNIEMI)])
            one.commit()
        try:
            # The one that began first takes the last position.
            early.execute("SELECT pg_current_xact_id()")
            low = late.execute(insert, [cast.KUUSNIEMI, "late"]).fetchone()[0]
            high = early.execute(insert, [cast.KUUSNIEMI, "early"]).fetchone()[0]
            assert low < high
            early.commit()
            ((place, who),) = _waited(Place(), 1)
            assert who == "early"
            other.execute(insert, [cast.KUUSNIEMI, "other"])
            other.commit()
            assert _told(place) == [], "served above the horizon: the late one would be skipped"
            late.commit()
            found = _waited(place, 2)
            assert [who for _, who in found] == ["late", "other"], "the late one stands before, by its position"
            assert _told(found[0][0]) == found[1:]
            assert _told(found[1][0]) == []
        finally:
            early.execute("DELETE FROM core_outbox WHERE type = 'test.interleaved'")
            early.commit()


def _waited(place: Place, number: int) -> list[tuple[Place, str]]:
    # Autovacuum may hold the horizon for a moment; nothing else runs in this database.
    for _ in range(200):
        found = _told(place)
        if len(found) >= number:
            return found
        time.sleep(0.02)
    return found
