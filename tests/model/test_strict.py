"""Strict decoding: every mistake is found, and the rest is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.model.base import StrictStruct, Struct, field, to_builtins
from binpack.model.quantity import Quantity
from binpack.model.scalars import Int32, Timestamp
from binpack.model.strict import decode_strictly, nearest


class Wheel(Struct, frozen=True):
    size: int = 0
    spokes: tuple[str, ...] = ()


class Cart(StrictStruct, frozen=True):
    name: str = ""
    front_wheel: Wheel = field(default_factory=Wheel)
    wheels: tuple[Wheel, ...] = ()
    load: dict[str, Quantity] = field(default_factory=dict)
    built: Timestamp | None = None
    color: Literal["red", "green"] | None = None
    doors: Int32 | None = None
    price: float = 0.0
    sold: bool | None = None
    anything: Any = None


class Named(StrictStruct, frozen=True):
    name: str
    size: int = 0


class Crew(StrictStruct, frozen=True):
    members: tuple[Named, ...] = ()


def messages(data, kind=Cart, path=""):
    return [str(error) for error in decode_strictly(data, kind, path=path).errors]


def test_a_right_value_is_decoded():
    decoded = decode_strictly(
        {
            "name": "a",
            "frontWheel": {"size": 3.0},
            "wheels": [{"size": 1, "spokes": ["x"]}, None],
            "load": {"cpu": "500m"},
            "built": "2026-01-01T00:00:00Z",
            "color": "red",
            "doors": 2,
            "price": 3,
            "sold": False,
            "anything": {"goes": [1]},
        },
        Cart,
    )
    assert decoded.errors == ()
    assert decoded.value == Cart(
        name="a",
        front_wheel=Wheel(size=3),
        wheels=(Wheel(1, ("x",)), Wheel()),
        load={"cpu": Quantity.milli(500)},
        built=datetime(2026, 1, 1, tzinfo=UTC),
        color="red",
        doors=2,
        price=3.0,
        sold=False,
        anything={"goes": [1]},
    )


def test_null_is_absent():
    decoded = decode_strictly(dict.fromkeys(("name", "frontWheel", "wheels", "load", "built", "anything")), Cart)
    assert decoded.errors == ()
    assert decoded.value == Cart()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"nmae": "a"}, ["nmae: unknown field (did you mean name?)"]),
        (
            {"engine": 1},
            ["engine: unknown field (accepted: name, frontWheel, wheels, load, built, color, doors, price, sold, anything)"],
        ),
        ({"frontWheel": {"Size": 1}}, ["frontWheel.Size: unknown field (did you mean size?)"]),
        ({"front_wheel": {}}, ["front_wheel: unknown field (did you mean frontWheel?)"]),
        ({"wheels": [{}, {"rim": 1}]}, ["wheels[1].rim: unknown field (accepted: size, spokes)"]),
        ({"name": 3}, ["name: 3: wrong type (accepted: a string)"]),
        ({"frontWheel": []}, ["frontWheel: []: wrong type (accepted: a mapping with the fields size, spokes)"]),
        ({"frontWheel": {"size": 1.5}}, ["frontWheel.size: 1.5: wrong type (accepted: a whole number of 64 bits)"]),
        ({"frontWheel": {"size": True}}, ["frontWheel.size: true: wrong type (accepted: a whole number of 64 bits)"]),
        ({"frontWheel": {"size": 1 << 63}}, ["frontWheel.size: 9223372036854775808: wrong type (accepted: a whole number of 64 bits)"]),
        ({"doors": 1 << 31}, ["doors: 2147483648: wrong type (accepted: a whole number of 32 bits)"]),
        ({"wheels": {"size": 1}}, ['wheels: {"size": 1}: wrong type (accepted: a list)']),
        ({"wheels": [{"spokes": ["a", 1]}]}, ["wheels[0].spokes[1]: 1: wrong type (accepted: a string)"]),
        ({"load": []}, ["load: []: wrong type (accepted: a mapping)"]),
        (
            {"load": {"cpu": "1O0m", "memory": "1Gi"}},
            ['load[cpu]: "1O0m" is not a quantity (accepted: a number with an optional suffix, like 500m, 1.5, 2Gi)'],
        ),
        ({"color": "blue"}, ['color: Unsupported value: "blue": supported values: "green", "red"']),
        ({"price": "3"}, ['price: "3": wrong type (accepted: a number)']),
        ({"sold": "no"}, ['sold: "no": wrong type (accepted: true or false)']),
        ({"name": ["x" * 100]}, [f'name: ["{"x" * 57}…: wrong type (accepted: a string)']),
        (
            [],
            [
                "[]: wrong type (accepted: a mapping with the fields name, frontWheel, wheels, load, built, color, doors, price, sold, "
                "anything)"
            ],
        ),
    ],
)
def test_mistakes(data, expected):
    assert messages(data) == expected


@pytest.mark.parametrize("built", ["yesterday", "2026-01-01T00:00:00", 5])
def test_a_wrong_time(built):
    (message,) = messages({"built": built})
    assert message.startswith("built: ")


def test_all_mistakes_are_found_and_the_rest_is_kept():
    decoded = decode_strictly({"name": "a", "doors": "two", "wheels": [{"size": 1}, 5, {"size": 3}], "extra": 1}, Cart, path="carts[0]")
    assert [error.path for error in decoded.errors] == ["carts[0].extra", "carts[0].wheels[1]", "carts[0].doors"]
    assert decoded.value == Cart(name="a", wheels=(Wheel(1), Wheel(), Wheel(3)))


def test_a_required_field_that_is_missing():
    decoded = decode_strictly({"size": 1}, Named, path="a")
    assert decoded.value is None
    assert [str(error) for error in decoded.errors] == ["a.name: Required value"]


def test_a_required_field_of_a_wrong_type():
    decoded = decode_strictly({"name": 1}, Named)
    assert decoded.value is None
    assert [str(error) for error in decoded.errors] == ["name: 1: wrong type (accepted: a string)"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NodeResorcesFit", ("NodeResourcesFit",)),
        ("noderesourcesfit", ("NodeResourcesFit",)),
        ("Xyzzy", ()),
        ("", ()),
    ],
)
def test_nearest(name, expected):
    assert nearest(name, ["NodeResourcesFit", "NodePorts", "ImageLocality"]) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "frontWheel", "size", "x", "load"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values)
def test_any_input_is_judged_without_an_exception(data):
    decoded = decode_strictly(data, Cart)
    assert decoded.errors or decoded.value is not None


wheels = st.builds(Wheel, st.integers(-(1 << 63), (1 << 63) - 1), st.lists(st.text(max_size=3), max_size=3).map(tuple))


@given(
    st.builds(Cart, name=st.text(max_size=5), front_wheel=wheels, wheels=st.lists(wheels, max_size=3).map(tuple), doors=st.integers(0, 9))
)
def test_round_trip(cart):
    decoded = decode_strictly(to_builtins(cart), Cart)
    assert (decoded.value, decoded.errors) == (cart, ())


def test_elements_keep_their_indexes_where_an_element_without_a_required_field_is_left_out():
    decoded = decode_strictly({"members": [{"name": "a"}, {"size": 1}, {"name": 3}, None, {"name": "e"}]}, Crew)
    assert [str(error) for error in decoded.errors] == [
        "members[1].name: Required value",
        "members[2].name: 3: wrong type (accepted: a string)",
        "members[3]: Required value",
    ]
    assert decoded.value == Crew(members=(Named("a"),))
