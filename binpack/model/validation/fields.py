"""Checks that many kinds share: metadata, labels, selectors, numbers, enumerations.

Each takes the value and its path and yields what is wrong. Source: apimachinery apis/meta/v1/validation and api/validation, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

from binpack.model.field_errors import FieldError, forbidden, invalid, required, unsupported
from binpack.model.kinds import CLUSTER_SCOPED
from binpack.model.meta import LabelSelector, LabelSelectorRequirement, ObjectMeta
from binpack.model.validation.names import dns_label, dns_subdomain, label_value, percent, qualified_name

Problems = Iterator[FieldError]

NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
NO_OPERATOR = "not a valid selector operator"


def object_meta(meta: ObjectMeta, kind: str, *, name_rule: Callable[[str], list[str]] = dns_subdomain) -> Problems:
    """Check an object's name, namespace and labels."""
    if not meta.name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from complaints("metadata.name", meta.name, name_rule)
    if kind in CLUSTER_SCOPED:
        if meta.namespace:
            yield forbidden("metadata.namespace", "not allowed on this type")
    else:
        yield from complaints("metadata.namespace", meta.namespace, dns_label)
    yield from labels(meta.labels, "metadata.labels")


def complaints(path: str, text: str, rule: Callable[[str], list[str]]) -> Problems:
    """Report each complaint of a form about a text."""
    for problem in rule(text):
        yield invalid(path, text, problem)


def labels(values: Mapping[str, str], path: str) -> Problems:
    """Check a map of labels; as upstream, the path does not name the key, the value seen does."""
    for key, value in values.items():
        yield from complaints(path, key, qualified_name)
        yield from complaints(path, value, label_value)


def label_selector(selector: LabelSelector | None, path: str) -> Problems:
    """Check a label selector."""
    if selector is None:
        return
    yield from labels(selector.match_labels, f"{path}.matchLabels")
    for index, requirement in enumerate(selector.match_expressions):
        yield from _label_requirement(requirement, f"{path}.matchExpressions[{index}]")


def _label_requirement(requirement: LabelSelectorRequirement, path: str) -> Problems:
    known = yield from value_count(requirement, path)
    if not known:
        yield invalid(f"{path}.operator", requirement.operator, NO_OPERATOR)
    yield from complaints(f"{path}.key", requirement.key, qualified_name)
    for index, value in enumerate(requirement.values):
        yield from complaints(f"{path}.values[{index}]", value, label_value)


def value_count(requirement: LabelSelectorRequirement, path: str) -> Generator[FieldError, None, bool]:
    """Check how many values the four operators of labels take; the result says whether the operator is one of them."""
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        case "Exists" | "DoesNotExist":
            if requirement.values:
                yield forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        case _:
            return False
    return True


def not_negative(value: int | None, path: str) -> Problems:
    """Check a number that may be absent or zero."""
    if value is not None and value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def one_of(value: str | None, path: str, accepted: Sequence[str]) -> Problems:
    """Check an enumeration; absent is fine."""
    if value is not None and value not in accepted:
        yield unsupported(path, value, accepted)


def amount_or_percent(value: int | str | None, path: str) -> Problems:
    """Check a number or percentage that may be absent or zero."""
    if isinstance(value, str):
        yield from complaints(path, value, percent)
    else:
        yield from not_negative(value, path)


def repeated(values: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Find the values that stood there before, with their indexes."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)
