"""YAML as Kubernetes resolves it; the expected values are those of goyaml.v2 after its way through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import ManifestError
from binpack.model.yaml import PurePythonComposer, load_documents, resolve_plain

COMPOSERS = [pytest.param(None, id="libyaml"), pytest.param(PurePythonComposer, id="pure python")]

SURPRISES = [
    ("on", True),
    ("On", True),
    ("ON", True),
    ("oN", "oN"),
    ("yes", True),
    ("Yes", True),
    ("y", True),
    ("Y", True),
    ("true", True),
    ("True", True),
    ("tRue", "tRue"),
    ("off", False),
    ("no", False),
    ("NO", False),
    ("n", False),
    ("N", False),
    ("false", False),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("~", None),
    ("nUll", "nUll"),
    ("none", "none"),
    ("0123", 83),
    ("-017", -15),
    ("0o17", 15),
    ("08", 8),
    ("09.5", 9.5),
    ("0x1F", 31),
    ("-0x1f", -31),
    ("0xZ", "0xZ"),
    ("0b101", 5),
    ("-0b11", -3),
    ("0b12", "0b12"),
    ("1_000", 1000),
    ("0x_ff", 255),
    ("_1", "_1"),
    ("+12", 12),
    ("0", 0),
    ("-0", 0),
    ("00", 0),
    ("1e3", 1000),
    ("1E3", 1000),
    ("1.5e-1", 0.15),
    ("1.0", 1),
    ("1.", 1),
    (".5", 0.5),
    ("-.5", -0.5),
    (".", "."),
    (".e5", ".e5"),
    ("1e400", "1e400"),
    ("1.2.3", "1.2.3"),
    ("18446744073709551615", 18446744073709551615),
    ("12:30:45", "12:30:45"),
    ("190:20:30.15", "190:20:30.15"),
    ("2026-01-31", "2026-01-31"),
    ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
    ("2026-01-31 08:00:00", "2026-01-31 08:00:00"),
    ("100m", "100m"),
    ("1Gi", "1Gi"),
    ("1e3Mi", "1e3Mi"),
    ("=", "="),
    ("<<", "<<"),
    ("-", "-"),
    ("1 000", "1 000"),
]


@pytest.mark.parametrize(("text", "value"), SURPRISES)
def test_a_plain_scalar(text, value):
    resolved = resolve_plain(text)
    assert (type(resolved), resolved) == (type(value), value)


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize(("text", "value"), [case for case in SURPRISES if case[0] not in ("=", "<<", "-")])
def test_a_plain_scalar_in_a_document(text, value, composer):
    assert load_documents(f"a: {text}\nb: [{text}]\n", "f", composer=composer) == [{"a": value, "b": [value]}]


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize("text", [text for text, _ in SURPRISES if text != "-"])
@pytest.mark.parametrize("quotes", ["'{}'", '"{}"', "!!str {}", "|-\n  {}"])
def test_what_is_quoted_stays_text(text, quotes, composer):
    assert load_documents(f"a: {quotes.format(text)}\n", "f", composer=composer) == [{"a": text}]


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize(
    ("why", "text", "documents"),
    [
        ("an empty value is null", "a:\nb: ''", [{"a": None, "b": ""}]),
        ("infinities and not-a-number", "[.inf, -.INF, +.Inf]", [[float("inf"), float("-inf"), float("inf")]]),
        ("many documents, some empty", "a: 1\n---\n---\n# nothing\n---\nb: 2\n...\n", [{"a": 1}, None, None, {"b": 2}]),
        ("no document at all", "# a comment\n", []),
        ("keys become text", "1: a\non: b\n0x10: c\n1.5: d\n", [{"1": "a", "true": "b", "16": "c", "1.5": "d"}]),
        ("anchors", "a: &x {k: [1]}\nb: *x", [{"a": {"k": [1]}, "b": {"k": [1]}}]),
        (
            "a merge below which keys overwrite",
            "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3",
            [{"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}}],
        ),
        ("a merge overwrites what stands above it", "a: &x {k: 1}\nb:\n  k: 3\n  <<: *x", [{"a": {"k": 1}, "b": {"k": 1}}]),
        ("of several merged the first wins", "b:\n  <<: [{k: 1}, {k: 2, l: 3}]", [{"b": {"k": 1, "l": 3}}]),
        ("a quoted << is a key", "'<<': 1", [{"<<": 1}]),
        ("tags of numbers", "a: !!float 3\nb: !!int 0x10\nc: !!bool on\nd: !!null ~", [{"a": 3, "b": 16, "c": True, "d": None}]),
        ("a timestamp's tag changes nothing", "a: !!timestamp 2026-01-31", [{"a": "2026-01-31"}]),
        ("binary is text in base64", "a: !!binary aGVsbG8=", [{"a": "hello"}]),
        ("an unknown tag leaves text", "a: !secret 12", [{"a": "12"}]),
        ("JSON is YAML", '{"a": [1, 2.5, true, null, "x"]}', [{"a": [1, 2.5, True, None, "x"]}]),
        ("block scalars", "a: |\n  x\n  y\nb: >\n  x\n  y\n", [{"a": "x\ny\n", "b": "x y\n"}]),
    ],
)
def test_documents(why, text, documents, composer):
    assert load_documents(text, "f", composer=composer) == documents


def test_aliases_of_aliases_cost_nothing():
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    (document,) = load_documents("\n".join(lines), "f")
    assert document["a59"][0] is document["a59"][1]


@pytest.mark.parametrize("composer", COMPOSERS)
@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("a tab", "a: 1\nb:\n\tc: 2\n", "f.yaml, line 3, column 1: a tab indents this line (accepted: spaces)"),
        ("a tab after spaces", "a: 1\nb:\n  \tc: [\n", "f.yaml, line 3, column 3: a tab indents this line (accepted: spaces)"),
        ("two colons", "a: b: c\n", "f.yaml, line 1, column 5: mapping values are not allowed "),
        ("an open quote", "a: 'x\nb: 1\n", "that begins in line 1: found unexpected end of stream"),
        ("a key given twice", "a: 1\nb: 2\na: 3\n", 'f.yaml, line 3, column 1: the key "a" is given twice in one mapping'),
        ("a key given twice after its conversion", "1: a\n'1': b\n", 'f.yaml, line 2, column 1: the key "1" is given twice in one mapping'),
        (
            "a key given twice deep inside",
            "a:\n- b: {c: 1, c: 2}\n",
            'f.yaml, line 2, column 13: the key "c" is given twice in one mapping',
        ),
        ("null as a key", "~: 1\n", "f.yaml, line 1, column 1: null is no key (accepted: text)"),
        ("a list as a key", "? [a]\n: 1\n", "f.yaml, line 1, column 3: a list or mapping is no key (accepted: text)"),
        ("an anchor in itself", "a: &x [*x]\n", "f.yaml, line 1, column 4: an anchor contains itself"),
        ("an unknown alias", "a: *x\n", "f.yaml, line 1, column 4: found undefined alias"),
        ("a merge of a scalar", "a:\n  <<: 1\n", "f.yaml, line 2, column 7: `<<` takes a mapping or a list of mappings"),
        ("a wrong tag", "a: !!int x\n", "f.yaml, line 1, column 4: 'x' is no !!int"),
        ("a boolean tagged as a number", "a: !!int yes\n", "f.yaml, line 1, column 4: 'yes' is no !!int"),
        ("wrong base64", "a: !!binary '?'\n", "f.yaml, line 1, column 4: !!binary is not base64 of UTF-8 text"),
        ("a control character", "a: 1\nb: x\x01y\n", "f.yaml, line 2, column 5: the character U+0001 is not allowed in YAML"),
        ("an error in the second document", "a: 1\n---\nb: [\n", "f.yaml, line 4, column 1: "),
    ],
)
def test_mistakes_name_line_and_column(why, text, message, composer):
    with pytest.raises(ManifestError) as caught:
        load_documents(text, "f.yaml", composer=composer)
    assert message in str(caught.value)
    assert str(caught.value).startswith("f.yaml, line ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("composer", COMPOSERS)
def test_too_deep_nesting_is_no_crash(composer):
    with pytest.raises(ManifestError, match=r"f\.yaml.*(nest|depth)"):
        load_documents("[" * 5000, "f.yaml", composer=composer)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([text for text, _ in SURPRISES]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab1_-. on", min_size=1, max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_json_means_the_same_as_yaml(value):
    assert load_documents(json.dumps(value), "f") == [value]


@given(st.text("0123456789abcdefxo_+-.:eE yntTfFl~", min_size=1, max_size=8))
def test_both_composers_agree(text):
    document = f"a: {text}\n"

    def outcome(composer):
        try:
            return repr(load_documents(document, "f", composer=composer))
        except ManifestError:
            return "refused"

    assert outcome(None) == outcome(PurePythonComposer)
