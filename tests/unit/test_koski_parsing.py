"""Documents as they are parsed: what is called plain has nothing in it that would have to be looked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.integrations.koski.parsing import amiss, parse
from digione.integrations.loading.json_files import parse_json
from digione.integrations.loading.values import holds_hetu
from tests.unit.koski import HETU, code, document, own_subject, right, subject, year

#: What stands in a text of JSON, as it may be written.
_WRITTEN = st.sampled_from(
    [
        *("1", "2.50", "-0", "1e3", "1e999", "NaN", "-Infinity", "9007199254740991", "9007199254740992", "null", "true"),
        *('"ä"', '"\\u00e4"', '"\\u0000"', '"\\ud83d\\ude00"', '"\\ud83d"', '"a\\\\u0000"', '"a\\"[{"', '"\\\\"', '"]"'),
        *(f'"{HETU}"', f'"ä{HETU}"', '"140318\\u00419347"', f'"1{HETU}"', f'"{HETU.lower()} x"', '"2026-05-30"', "{}", "[]"),
        *("[" * 95 + "]" * 95, "[" * 120 + "]" * 120, '["]",' * 110 + '"["]' + ',"["]' * 109),
        *('":"', '"\\u00e4:"', '"\\\\:"', '":a\\""', '"1.2.246.562.10.2013110409254408502312"', "1E5", "-2.5e-3", "12345678901234567.5"),
        *('{"a": 1, "a": 2}', '{"a" : 1, "a":2}', '{":":":","\\"":1}', json.dumps(code("kieli", "FI")), '{"koodistoUri": "a", "koodiarvo": 1, "nimi": {}}'),
    ]
)  # fmt: skip
_TEXTS = st.recursive(
    _WRITTEN,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda them: f"[{', '.join(them)}]")
        | st.dictionaries(
            st.sampled_from(["hetu", "henkilö", "nimi", "koodistoUri", "koodiarvo", HETU, "a\\u0000"]),
            inner,
            max_size=4,
        ).map(lambda them: "{" + ",".join(f'"{name}":{value}' for name, value in them.items()) + "}")
    ),
    max_leaves=8,
)


def _others(value: Any) -> Any:
    """Return a document without the learner's own identity code."""
    if isinstance(value, dict) and isinstance(value.get("henkilö"), dict):
        return value | {"henkilö": {name: inner for name, inner in value["henkilö"].items() if name != "hetu"}}
    return value


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=_TEXTS)
def test_what_is_plain_is_what_careful_reading_finds_nothing_in(text: str) -> None:
    careful = parse_json(text)
    value, plain = parse(text)
    if not plain:
        assert value == careful
        return
    assert json.dumps(value) == json.dumps(careful)
    assert list(amiss(careful)) == []
    for each in value if isinstance(value, list) else [value]:
        assert not holds_hetu(json.dumps(_others(each)))


@pytest.mark.parametrize(
    "written",
    ['{"a" : 1, "b": ":", "a": "\\u00e4:"}', '{"a": ":", "a": ":"}', '"a\\u0000b"', '"\\ud83d"', "1e999", "NaN", "9007199254740992", '{"a": 1, "a": 2}', "[" * 120 + "]" * 120,
     '["]",' * 110 + '"["' + ',"["]' * 110, f'"{HETU}"', '"140318\\u00419347"', f'{{"{HETU}": 1}}'],
)  # fmt: skip
def test_what_may_be_amiss_is_read_with_care(written: str) -> None:
    text = json.dumps(document(right(uusi="HERE"))).replace('"HERE"', written)
    assert parse(text)[1] is False
    assert parse(f"[{json.dumps(document())}, {text}]")[1] is False


def test_ordinary_documents_are_plain(shared_data: Path) -> None:
    """Or they would be read as slowly as before."""
    ordinary = document(right(year(subject("MA"), own_subject(kuvaus={"fi": 'Sanoi: "ks. [1]" \\ {a}'}))))
    assert parse(json.dumps(ordinary)) == (ordinary, True)
    assert parse(json.dumps([ordinary, document()], ensure_ascii=False))[1]
    for path in sorted((shared_data / "koski").glob("*/*.json")):
        value, plain = parse(path.read_text())
        assert (value, plain) == (json.loads(path.read_text()), True), path.name
