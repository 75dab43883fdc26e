"""Quantities: exact, as Kubernetes parses and rounds them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.model.quantity import MAX_INT64, NANO, Quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("1", 1),
        ("+1", 1),
        ("-1", -1),
        ("0.5", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1n", Fraction(1, 10**9)),
        ("1u", Fraction(1, 10**6)),
        ("1500m", Fraction(3, 2)),
        ("1k", 1000),
        ("1M", 10**6),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1Ki", 1024),
        ("1Mi", 1024**2),
        ("0.1Gi", Fraction(1024**3, 10)),
        ("1Ti", 1024**4),
        ("1Pi", 1024**5),
        ("1Ei", 1024**6),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1e+3", 1000),
        ("1e-3", Fraction(1, 1000)),
        ("0e999999999", 0),
    ],
)
def test_amounts(text, amount):
    assert Quantity.parse(text).nanos == amount * NANO
    assert str(Quantity.parse(text)) == text


@pytest.mark.parametrize("text", ["0.1n", "1e-10", "1e-999999999", "0.0000000001"])
def test_what_is_finer_than_a_billionth_is_rounded_up(text):
    assert Quantity.parse(text).nanos == 1
    assert Quantity.parse(f"-{text}").nanos == -1


@pytest.mark.parametrize("text", ["16Ei", "1e19", "1e999999999", "99999999999999999999"])
def test_what_is_too_large_is_cut_to_the_largest(text):
    assert Quantity.parse(text).nanos == MAX_INT64 * NANO


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 ",
        "cpu",
        "1O0m",
        "1K",
        "1kk",
        "1KI",
        "1mi",
        "1e",
        "1e1.5",
        "--1",
        "1_000",
        "0x10",
        "1,5",
        ".",
        "+",
        "nan",
        "inf",
        "١",
        "1\n",
    ],
)
def test_what_is_no_quantity(text):
    with pytest.raises(ValueError, match="is not a quantity"):
        Quantity.parse(text)


@pytest.mark.parametrize("value", [True, None, [1], {"a": 1}])
def test_other_types_are_no_quantities(value):
    with pytest.raises(ValueError, match="is not a quantity"):
        Quantity.parse(value)


@pytest.mark.parametrize(("value", "nanos"), [(2, 2 * NANO), (0.5, NANO // 2), (1e21, MAX_INT64 * NANO), (-3, -3 * NANO)])
def test_numbers(value, nanos):
    assert Quantity.parse(value).nanos == nanos


@pytest.mark.parametrize(
    ("text", "units", "milli"),
    [("1", 1, 1000), ("1001m", 2, 1001), ("1500u", 1, 2), ("0.1Gi", 107374183, 107374182400), ("-1500m", -1, -1500)],
)
def test_rounding_up(text, units, milli):
    assert (Quantity.parse(text).ceil_units(), Quantity.parse(text).ceil_milli()) == (units, milli)


@given(st.integers(-(10**18), 10**18))
def test_what_is_written_is_read_back(nanos):
    quantity = Quantity(nanos)
    assert Quantity.parse(str(quantity)) == quantity


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_sums_and_order_are_those_of_the_amounts(first, second):
    assert (Quantity(first) + Quantity(second)).nanos == first + second
    assert (Quantity(first) - Quantity(second)).nanos == first - second
    assert (Quantity(first) < Quantity(second)) == (first < second)
    assert (Quantity(first) == Quantity(second)) == (first == second)
    assert Quantity(first) != first
