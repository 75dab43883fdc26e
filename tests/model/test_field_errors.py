"""Errors of fields are worded as Kubernetes words them."""

from __future__ import annotations

import pytest

from binpack.model.field_errors import FieldError, duplicate, forbidden, invalid, required, shown, unsupported
from binpack.model.meta import LabelSelector


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (invalid("a.b", 0, "must be greater than 0"), "a.b: Invalid value: 0: must be greater than 0"),
        (invalid("a[1]", "x", "no"), 'a[1]: Invalid value: "x": no'),
        (required("a"), "a: Required value"),
        (required("a", "can not be empty"), "a: Required value: can not be empty"),
        (duplicate("a", "x"), 'a: Duplicate value: "x"'),
        (duplicate("a", "x", "again"), 'a: Duplicate value: "x": again'),
        (unsupported("a", "z", ("x", "y")), 'a: Unsupported value: "z": supported values: "x", "y"'),
        (forbidden("a", "not here"), "a: Forbidden: not here"),
        (FieldError("a", "no", "wrapped: "), "wrapped: a: no"),
        (FieldError("", "is no mapping"), "is no mapping"),
    ],
)
def test_words(error, text):
    assert str(error) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("ü", '"ü"'),
        ((1, "a"), '[1, "a"]'),
        (LabelSelector(match_labels={"a": "b"}), '{"matchLabels": {"a": "b"}}'),
        ({(1, 2): 3}, "{(1, 2): 3}"),
    ],
)
def test_values_are_shown_as_json_where_that_is_possible(value, text):
    assert shown(value) == text
