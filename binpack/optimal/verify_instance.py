"""The instance of a certificate, read by the checker: lists of integers, each of the size and sign that it must have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from binpack.errors import CertificateError


@dataclass(frozen=True)
class CheckedInstance:
    """The instance of a certificate as lists of integers, see `PackingProblem` for what they mean."""

    size: list[list[int]]
    demand: list[int]
    tier: list[int]
    must_place: list[int]
    capacity: list[list[int]]
    supply: list[int]
    cost: list[int]
    limit: list[list[int]]
    exclusions: list[Any]
    spreads: list[Any]
    caps: list[Any]
    value: list[int]
    base: int

    @cached_property
    def rank(self) -> list[int]:
        """The order in which classes count: what must be placed first, then the tiers."""
        keys = [-1 if must else tier for must, tier in zip(self.must_place, self.tier, strict=True)]
        order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
        return [order[key] for key in keys]

    @cached_property
    def rank_base(self) -> list[int]:
        """What is counted at each rank whatever is placed: the base, in the first tier of those that need not be placed."""
        totals = [0] * (max(self.rank, default=-1) + 1)
        for rank, tier, must in zip(self.rank, self.tier, self.must_place, strict=True):
            if tier == 0 and not must:
                totals[rank] = self.base
        return totals

    @cached_property
    def rank_demand(self) -> list[int]:
        """What is counted at each rank when all its pods are placed."""
        totals = list(self.rank_base)
        for rank, pods, value in zip(self.rank, self.demand, self.value, strict=True):
            totals[rank] += pods * value
        return totals

    @cached_property
    def most(self) -> list[list[int]]:
        """Most pods of a class alone on one node, by pod class and node class."""
        return [
            [self._most(pods, sizes, limit, capacity) for limit, capacity in zip(limits, self.capacity, strict=True)]
            for pods, sizes, limits in zip(self.demand, self.size, self.limit, strict=True)
        ]

    @staticmethod
    def _most(pods: int, sizes: list[int], limit: int, capacity: list[int]) -> int:
        return min([pods, limit, *(free // size for size, free in zip(sizes, capacity, strict=True) if size)])


def digest_of(instance: Any) -> str:
    """The digest of an instance's integers, computed from the document itself."""
    return "sha256:" + hashlib.sha256(json.dumps(instance, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_instance(raw: Any) -> CheckedInstance:
    """Read the instance and check that every part has the size and sign it must have.

    Raises
    ------
    CertificateError
        Names the part that has not.
    """
    if not isinstance(raw, dict):
        raise CertificateError("instance: missing (accepted: an object of integer lists)")
    demand, supply = _list(raw, "demand", low=1), _list(raw, "supply")
    m, k = len(demand), len(supply)
    size, capacity = _rows(raw, "size", m), _rows(raw, "capacity", k)
    widths = {len(row) for row in (*size, *capacity)}
    if len(widths) > 1:
        raise CertificateError(f"instance: size and capacity have rows of lengths {sorted(widths)}, accepted: one number for each resource")
    return CheckedInstance(
        size=size,
        demand=demand,
        tier=_list(raw, "tier", m),
        must_place=_list(raw, "mustPlace", m),
        capacity=capacity,
        supply=supply,
        cost=_list(raw, "cost", k),
        limit=_rows(raw, "limit", m, k),
        exclusions=_exclusions(raw, m),
        spreads=_tied(raw, "spreads", 5, m, k),
        caps=_tied(raw, "caps", 3, m, k),
        value=_list(raw, "value", m, low=1) if "value" in raw else [1] * m,
        base=_list({"base": [raw.get("base", 0)]}, "base")[0],
    )


def whole(numbers: Sequence[Any], low: int) -> bool:
    """Whether all are integers that are not below `low`; JSON's true is none."""
    return all(isinstance(number, int) and not isinstance(number, bool) and number >= low for number in numbers)


def _list(raw: dict[str, Any], name: str, length: int | None = None, low: int = 0) -> list[int]:
    value = raw.get(name)
    if not isinstance(value, list) or not whole(value, low) or (length is not None and len(value) != length):
        raise CertificateError(f"instance.{name}: accepted: a list of {'' if length is None else f'{length} '}integers >= {low}")
    return value


def _rows(raw: dict[str, Any], name: str, rows: int, width: int | None = None) -> list[list[int]]:
    value = raw.get(name)
    if not isinstance(value, list) or len(value) != rows:
        raise CertificateError(f"instance.{name}: accepted: a list of {rows} rows")
    return [_list({name: row}, name, width) for row in value]


def _exclusions(raw: dict[str, Any], m: int) -> list[Any]:
    items = _couplings(raw, "exclusions", 2)
    for item in items:
        for side in item:
            _classes(side, m, "exclusions")
    return items


def _tied(raw: dict[str, Any], name: str, parts: int, m: int, k: int) -> list[Any]:
    """Spreads and caps: classes, domain of each node class (-1: none), a number for each domain, then plain numbers."""
    items = _couplings(raw, name, parts)
    for classes, domain, numbers, *rest in items:
        _classes(classes, m, name)
        if not isinstance(numbers, list) or not whole([*numbers, *rest], 0):
            raise CertificateError(f"instance.{name}: accepted: integers >= 0")
        if not isinstance(domain, list) or len(domain) != k or not whole(domain, -1) or max(domain, default=-1) >= len(numbers):
            raise CertificateError(f"instance.{name}: accepted: for each of {k} node classes a domain below {len(numbers)}, or -1")
    return items


def _classes(value: Any, m: int, name: str) -> None:
    if not isinstance(value, list) or not whole(value, 0) or max(value, default=0) >= m:
        raise CertificateError(f"instance.{name}: {value!r} (accepted: a list of pod classes below {m})")


def _couplings(raw: dict[str, Any], name: str, parts: int) -> list[Any]:
    value = raw.get(name)
    if not isinstance(value, list) or not all(isinstance(item, list) and len(item) == parts for item in value):
        raise CertificateError(f"instance.{name}: accepted: a list of lists of {parts} parts")
    return value
