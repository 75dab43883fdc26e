"""Constraints of a packing problem that tie several pod classes, or several nodes, together.

Each is data; a method decides what it can honour. A bound may ignore any of them (it then is the bound of a relaxation, and still
valid); a placement must keep them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exclusion:
    """No node holds a pod of a `left` class together with a pod of a `right` class.

    Within one side pods may share a node. Two sides that are the same clique are a resource of capacity 1 instead, which is stronger.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]

    def canonical(self) -> list[Any]:
        """Both sides as plain integers."""
        return [list(self.left), list(self.right)]


@dataclass(frozen=True)
class Spread:
    """Hard topology spread, read as a property of the whole placement.

    In a domain that holds at least one pod of `classes`, the number of these pods (with `base`) exceeds the smallest number over all
    domains by at most `max_skew`.

    Attributes
    ----------
    classes : tuple[int, ...]
        The pod classes that carry the constraint and are counted by it.
    domain : tuple[int, ...]
        For each node class its domain, -1 for none (where the classes are not eligible).
    base : tuple[int, ...]
        For each domain the counted pods that do not move.
    max_skew : int
    zero_minimum : bool
        True where there are fewer domains than `minDomains`: the smallest number then counts as 0.
    """

    classes: tuple[int, ...]
    domain: tuple[int, ...]
    base: tuple[int, ...]
    max_skew: int
    zero_minimum: bool = False

    def canonical(self) -> list[Any]:
        """All fields as plain integers."""
        return [list(self.classes), list(self.domain), list(self.base), self.max_skew, int(self.zero_minimum)]


@dataclass(frozen=True)
class DomainCap:
    """At most `room[d]` pods of `classes` in domain `d` (anti-affinity over a zone: 1, less where a fixed pod stands)."""

    classes: tuple[int, ...]
    domain: tuple[int, ...]
    room: tuple[int, ...]

    def canonical(self) -> list[Any]:
        """All fields as plain integers."""
        return [list(self.classes), list(self.domain), list(self.room)]
