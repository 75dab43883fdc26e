"""Label requirements: one type for label selectors, node selectors and node fields.

A selector is compiled once and then asked about many label sets. What cannot be parsed raises `SelectorError`, and the caller
decides what that means: a scheduling error, a rejection or a term that never matches.
Source: apimachinery labels/selector.go and apis/meta/v1/helpers.go, component-helpers nodeaffinity.go, v1.35.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from binpack.model.meta import LabelSelector, LabelSelectorRequirement
from binpack.model.pod import NodeSelectorTerm

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_INT64 = re.compile(r"[+-]?[0-9]+")
_INT64_RANGE = range(-(1 << 63), 1 << 63)
_MAX_DOMAIN_LENGTH = 253


class SelectorError(ValueError):
    """A selector that Kubernetes could not parse: an unknown operator, a wrong number of values, an invalid key or value."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label (or node field).

    Parameters
    ----------
    key : str
    operator : str
        In, NotIn, Exists, DoesNotExist, Gt or Lt.
    values : tuple[str, ...]
        Sorted and distinct, so that equal requirements are equal values.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether the labels meet this condition; NotIn and DoesNotExist are met by an absent key."""
        return self.accepts(labels.get(self.key))

    def accepts(self, value: str | None) -> bool:
        """Tell whether one label value (None: the key is absent) meets this condition."""
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        number = None if value is None else parse_int64(value)
        if number is None:
            return False
        bound = int(self.values[0])
        return number > bound if self.operator == "Gt" else number < bound


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must be met; no requirement matches everything. Hashable: equal selectors share compiled answers."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a label set is selected."""
        if self.nothing:
            return False
        # A loop: with many pod classes and selectors this is asked for each of one with each of the others.
        for requirement in self.requirements:  # noqa: SIM110
            if not requirement.accepts(labels.get(requirement.key)):
                return False
        return True

    @property
    def is_empty(self) -> bool:
        """`{}`: matches everything (and counts as "no selector" in a few places of the scheduler)."""
        return not self.nothing and not self.requirements

    def keys(self) -> frozenset[str]:
        """The label keys that it reads."""
        return frozenset(requirement.key for requirement in self.requirements)

    def demand(self) -> tuple[str, tuple[str, ...]] | None:
        """Return a label key and the values of which a selected label set has one; None if no requirement says so."""
        return next(((r.key, r.values) for r in self.requirements if r.operator == "In"), None)

    def also(self, requirements: tuple[Requirement, ...]) -> Selector:
        """Demand further requirements; a selector that matches nothing stays so."""
        return Selector(_ordered((*self.requirements, *requirements)), self.nothing)


NOTHING = Selector(nothing=True)
EVERYTHING = Selector()


def compile_label_selector(selector: LabelSelector | None) -> Selector:
    """Compile a `metav1.LabelSelector`: null matches nothing, `{}` everything.

    Raises
    ------
    SelectorError
        If an operator, a key or a value is one that Kubernetes does not accept.
    """
    if selector is None:
        return NOTHING
    requirements = [_checked(key, "In", (value,)) for key, value in selector.match_labels.items()]
    for expression in selector.match_expressions:
        if expression.operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            raise SelectorError(f'"{expression.operator}" is not a valid label selector operator')
        requirements.append(_checked(expression.key, expression.operator, expression.values))
    return Selector(_ordered(requirements))


def select_labels(labels: Mapping[str, str]) -> Selector:
    """Compile a plain map (a Service's selector, a nodeSelector): every pair must be there. Keys and values are not validated."""
    return Selector(_ordered([Requirement(key, "In", (value,)) for key, value in labels.items()]))


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """A node selector term: label requirements and node-name fields, all of which must hold.

    Parameters
    ----------
    requirements : tuple[Requirement, ...]
    fields : tuple[Requirement, ...]
        On `metadata.name`, each with exactly one value.
    """

    requirements: tuple[Requirement, ...]
    fields: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Tell whether a node with these labels and this name meets the term."""
        return all(r.matches(labels) for r in self.requirements) and all(f.accepts(name) for f in self.fields)


def compile_node_term(term: NodeSelectorTerm) -> NodeTerm | None:
    """Compile a node selector term; None if it is empty, for an empty term matches nothing.

    Raises
    ------
    SelectorError
        If an operator, a key or a value is one that Kubernetes does not accept.
    """
    if not term.match_expressions and not term.match_fields:
        return None
    requirements = [_checked(e.key, e.operator, e.values) for e in term.match_expressions]
    return NodeTerm(_ordered(requirements), tuple(_checked_field(f) for f in term.match_fields))


def parse_int64(text: str) -> int | None:
    """Parse a base-10 int64 as Go's strconv does: no spaces, no underscores; None if it is no such number."""
    if _INT64.fullmatch(text) is None or not text.isascii():
        return None
    number = int(text)
    return number if number in _INT64_RANGE else None


def is_label_key(key: str) -> bool:
    """Tell whether Kubernetes accepts a label key: an optional DNS subdomain, a slash, and a name of up to 63 characters."""
    domain, slash, name = key.rpartition("/")
    if slash and (len(domain) > _MAX_DOMAIN_LENGTH or _DOMAIN.fullmatch(domain) is None):
        return False
    return _NAME.fullmatch(name) is not None


def is_label_value(value: str) -> bool:
    """Tell whether Kubernetes accepts a label value: empty, or up to 63 characters beginning and ending alphanumerically."""
    return value == "" or _NAME.fullmatch(value) is not None


def _checked(key: str, operator: str, values: tuple[str, ...]) -> Requirement:
    match operator:
        case "In" | "NotIn":
            valid = len(values) > 0
        case "Exists" | "DoesNotExist":
            valid = len(values) == 0
        case "Gt" | "Lt":
            valid = len(values) == 1 and parse_int64(values[0]) is not None
        case _:
            raise SelectorError(f'"{operator}" is not a valid label selector operator')
    if not valid:
        raise SelectorError(f"operator {operator} on key {key!r} does not take the values {list(values)}")
    if not is_label_key(key):
        raise SelectorError(f"{key!r} is not a valid label key")
    for value in values:
        if not is_label_value(value):
            raise SelectorError(f"{value!r} is not a valid label value")
    return Requirement(key, operator, tuple(sorted(set(values))))


def _checked_field(expression: LabelSelectorRequirement) -> Requirement:
    if expression.key != "metadata.name":
        raise SelectorError(f"{expression.key!r} is not a valid field selector key (accepted: metadata.name)")
    if expression.operator not in ("In", "NotIn") or len(expression.values) != 1:
        raise SelectorError(f"operator {expression.operator} with {len(expression.values)} values is not valid for metadata.name")
    return Requirement(expression.key, expression.operator, expression.values)


def _ordered(requirements: list[Requirement] | tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    return tuple(sorted(set(requirements), key=lambda r: (r.key, r.operator, r.values)))
