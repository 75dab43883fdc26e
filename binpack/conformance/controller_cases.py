"""Cases of the control plane: a rule, its inputs, and what upstream's own test asserts of its answer.

A case names its rule by the file that it is in (the family) and by `given.function`. Only what `expect` names is compared. A rule that
is not built disagrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from binpack.conformance.agreement import Comparison
from binpack.conformance.cases import RULES
from binpack.conformance.scenario import Scenario
from binpack.errors import BinpackError
from binpack.framework.registry import Registry
from binpack.model.quantity import Quantity

TOLERANCE = 1e-6
"""Of times, in seconds."""

_MISSING = object()


def run_case(scenario: Scenario, registry: Registry) -> list[Comparison]:
    """Ask the rule that a case names, and compare its answer with what is expected."""
    given = scenario.record.get("given") or {}
    name = str(given.get("function", ""))
    rule = RULES.get(scenario.family, {}).get(name)
    if rule is None:
        known = ", ".join(sorted(RULES.get(scenario.family, {})))
        why = f'rule "{name}" is not known in {scenario.family} (accepted: {known})'
        return [Comparison(scenario.name, name, {"expect": why})]
    expected: dict[str, Any] = scenario.record.get("expect") or {}
    try:
        answer = rule(given)
        wrong = [key for key, value in expected.items() if not agrees(value, answer.get(key, _MISSING))]
        said = "; ".join(f"{key}: expected {expected[key]!r}, got {_shown(answer.get(key, _MISSING))}" for key in wrong)
    except (BinpackError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A malformed case, or one that the rule cannot answer: it was not reproduced, and that is what is counted.
        said = f"{type(error).__name__}: {error}"
    return [Comparison(scenario.name, name, {"expect": said} if said else {})]


def agrees(expected: Any, actual: Any) -> bool:
    """Compare an expected value with an answer.

    Quantities are compared by value, times within a microsecond, lists in their order unless the answer is a set.

    Examples
    --------
    >>> agrees({"cpu": "1000m"}, {"cpu": Quantity.of(1)}), agrees(["b", "a"], {"a", "b"}), agrees(True, 1)
    (True, True, False)
    """
    if isinstance(actual, Quantity):
        return isinstance(expected, str | int | float) and Quantity.parse(expected) == actual
    if isinstance(actual, set | frozenset):
        return isinstance(expected, list) and sorted(expected) == sorted(actual)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return abs(expected - actual) <= TOLERANCE
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(agrees(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, Sequence) and not isinstance(actual, str):
        return len(expected) == len(actual) and all(map(agrees, expected, actual))
    return bool(expected == actual)


def _shown(value: Any) -> str:
    return "no answer" if value is _MISSING else repr(value)
