"""The packing problem: pod classes × node classes with multiplicities, in integers only.

Pods that no constraint can tell apart are one pod class; nodes likewise. The kernel knows sums, limits and three couplings; whatever
else Kubernetes has (host ports, pod counts, anti-affinity inside a group) is written as one more resource by the builder.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import InfeasibleError
from binpack.optimal.couplings import DomainCap, Exclusion, Spread

Integers = NDArray[np.int64]

INSTANCE_VERSION = 1
LARGEST_TOTAL = 1 << 62


@dataclass(frozen=True, eq=False)
class PackingProblem:
    """A frozen instance. m pod classes, K node classes, R resources; all arrays are int64 and read-only.

    Attributes
    ----------
    resources : tuple[str, ...]
        Names, for messages only.
    size : int64[m, R]
        What one pod of the class takes.
    demand : int64[m]
        Pods of the class, at least 1.
    tier : int64[m]
        Rank of the class's priority, 0 for the highest.
    must_place : bool[m]
        Classes without which there is no solution. The others are placed as far as possible, most important tier first.
    value : int64[m]
        What one pod of the class counts for among those of its tier: 1 where pods are counted, an amount where a resource is.
    base : int
        What is counted in the first tier beside, whatever is placed: the amount that pods hold which are no part of the question.
    capacity : int64[K, R]
        What one node of the class offers, after the pods that cannot move.
    supply : int64[K]
        Nodes of the class.
    cost : int64[K]
        What one node in use costs; 1 where nodes are counted.
    limit : int64[m, K]
        Most pods of the class on one node of the node class; 0: not eligible. Holds affinity, taints and anti-affinity by hostname.
    exclusions, spreads, caps : tuple
        The couplings, see `binpack.optimal.couplings`.
    present : int64[P, 4]
        Today's placement: (node class, position in it, pod class, pods). No part of the digest.
    unit : tuple[int, ...]
        For each resource how many real units (milli-cores, bytes) one unit of `size` stands for.
    cost_unit : int
        One unit of cost is 1/`cost_unit` of a price unit.
    relaxed : tuple[str, ...]
        Constraints of the cluster that this problem leaves out: its bounds hold, its placements need a check.
    class_names, node_class_names : tuple[str, ...]
        For messages: an example of each class.
    tier_names : tuple[str, ...]
        For messages: what is counted in each tier.
    """

    resources: tuple[str, ...]
    size: Integers
    demand: Integers
    capacity: Integers
    supply: Integers
    limit: Integers
    cost: Integers
    tier: Integers
    must_place: NDArray[np.bool_]
    value: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    base: int = 0
    exclusions: tuple[Exclusion, ...] = ()
    spreads: tuple[Spread, ...] = ()
    caps: tuple[DomainCap, ...] = ()
    present: Integers = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    unit: tuple[int, ...] = ()
    cost_unit: int = 1
    relaxed: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    node_class_names: tuple[str, ...] = ()
    tier_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not np.size(self.value):
            object.__setattr__(self, "value", np.ones(np.size(self.demand), np.int64))
        for name in ("size", "demand", "capacity", "supply", "limit", "cost", "tier", "value", "present"):
            _freeze(self, name, np.int64)
        _freeze(self, "must_place", np.bool_)
        if not self.unit:
            object.__setattr__(self, "unit", (1,) * len(self.resources))
        _check_shapes(self)
        _check_sizes(self)

    @property
    def pod_classes(self) -> int:
        """The number m of pod classes."""
        return int(self.demand.size)

    @property
    def node_classes(self) -> int:
        """The number K of node classes."""
        return int(self.supply.size)

    @property
    def pods(self) -> int:
        """All pods."""
        return int(self.demand.sum())

    @property
    def nodes(self) -> int:
        """All nodes."""
        return int(self.supply.sum())

    @cached_property
    def rank(self) -> Integers:
        """int64[m], dense from 0: the order in which classes count. `must_place` classes come before every tier."""
        keys = np.where(self.must_place, -1, self.tier)
        return np.searchsorted(np.unique(keys), keys).astype(np.int64)

    @cached_property
    def rank_base(self) -> tuple[int, ...]:
        """What is counted at each rank whatever is placed: `base` in the first tier, if there is a class in it."""
        ranks = int(self.rank.max()) + 1 if self.rank.size else 0
        first = self.rank[~self.must_place & (self.tier == 0)]
        return tuple(self.base if first.size and rank == first[0] else 0 for rank in range(ranks))

    @cached_property
    def rank_demand(self) -> tuple[int, ...]:
        """What is counted at each rank when all its pods are placed: their number, or what they are worth."""
        return self.counted(self.demand)

    @cached_property
    def rank_names(self) -> tuple[str, ...]:
        """What is counted at each rank."""
        names = ["pods that must be placed"] if self.must_place.any() else []
        for tier in np.unique(self.tier[~self.must_place]).tolist():
            names.append(self.tier_names[tier] if self.tier_names else f"pods of tier {tier}")
        return tuple(names)

    def counted(self, pods: Integers) -> tuple[int, ...]:
        """What int64[m] pods count for, rank by rank."""
        worth = self.value * pods
        return tuple(base + int(worth[self.rank == rank].sum()) for rank, base in enumerate(self.rank_base))

    @cached_property
    def most(self) -> Integers:
        """int64[m, K]: most pods of a class alone on one node: its limit, its demand and every resource considered."""
        most = np.minimum(self.limit, self.demand[:, None])
        for resource in range(len(self.resources)):
            sizes = self.size[:, resource]
            asks = sizes > 0
            most[asks] = np.minimum(most[asks], self.capacity[:, resource][None, :] // sizes[asks][:, None])
        return np.ascontiguousarray(most)

    @cached_property
    def placeable(self) -> NDArray[np.bool_]:
        """bool[m]: some node could hold at least one pod of the class."""
        return np.asarray((self.most * (self.supply > 0)[None, :]).any(axis=1))

    def canonical(self) -> dict[str, Any]:
        """The instance as plain integers: what the digest covers and what a certificate carries."""
        counted = {"value": self.value.tolist(), "base": self.base} if self.base or (self.value != 1).any() else {}
        return {
            **counted,
            "version": INSTANCE_VERSION,
            "size": self.size.tolist(),
            "demand": self.demand.tolist(),
            "tier": self.tier.tolist(),
            "mustPlace": self.must_place.astype(np.int64).tolist(),
            "capacity": self.capacity.tolist(),
            "supply": self.supply.tolist(),
            "cost": self.cost.tolist(),
            "limit": np.minimum(self.limit, self.demand[:, None]).tolist(),
            "exclusions": [exclusion.canonical() for exclusion in self.exclusions],
            "spreads": [spread.canonical() for spread in self.spreads],
            "caps": [cap.canonical() for cap in self.caps],
        }

    def digest(self) -> str:
        """`sha256:` and the hash of the canonical integers as compact JSON with sorted keys. Names and today's placement are left out."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def too_large(self, pod_class: int) -> tuple[int, int, int] | None:
        """The first resource of which a pod of this class asks for more than any eligible node offers: resource, asked, offered.

        Both in real units. None if no node is eligible, or each lacks another resource.
        """
        open_to = np.flatnonzero((self.limit[pod_class] > 0) & (self.supply > 0))
        if open_to.size == 0:
            return None
        largest = self.capacity[open_to].max(axis=0)
        short = np.flatnonzero(self.size[pod_class] > largest)
        if short.size == 0:
            return None
        resource = int(short[0])
        unit = self.unit[resource]
        return resource, int(self.size[pod_class, resource]) * unit, int(largest[resource]) * unit

    def why_unplaceable(self, pod_class: int) -> str:
        """Say why no node can hold a pod of this class (call it for those that `placeable` denies)."""
        name = self.class_names[pod_class] if self.class_names else f"pod class {pod_class}"
        open_to = (self.limit[pod_class] > 0) & (self.supply > 0)
        if not open_to.any():
            return f"{name}: no node is eligible ({self.nodes} nodes)"
        short = self.too_large(pod_class)
        if short is not None:
            resource, wanted, free = short
            return f"{name}: asks for {wanted} of {self.resources[resource]}, no eligible node offers more than {free}"
        return f"{name}: each of the {int(self.supply[open_to].sum())} eligible nodes is too small in one resource or another"


def problem_of(
    *, size: Any, demand: Any, capacity: Any, supply: Any, limit: Any = None, cost: Any = None, tier: Any = None, **rest: Any
) -> PackingProblem:
    """Build a problem from nested lists, with everything that is not given at its neutral value.

    Examples
    --------
    >>> problem = problem_of(size=[[2], [3]], demand=[4, 2], capacity=[[6]], supply=[5])
    >>> problem.pods, problem.nodes, problem.most.tolist()
    (6, 5, [[3], [2]])
    """
    demand = np.asarray(demand, np.int64)
    supply = np.asarray(supply, np.int64)
    size, capacity = np.asarray(size, np.int64), np.asarray(capacity, np.int64)
    size = size if size.ndim == 2 else size.reshape(demand.size, -1)
    capacity = capacity.reshape(supply.size, size.shape[1])
    rest.setdefault("resources", tuple(f"resource {number}" for number in range(size.shape[1])))
    rest.setdefault("must_place", np.zeros(demand.size, bool))
    return PackingProblem(
        size=size,
        demand=demand,
        capacity=capacity,
        supply=supply,
        limit=np.repeat(demand[:, None], supply.size, axis=1) if limit is None else limit,
        cost=np.ones(supply.size, np.int64) if cost is None else cost,
        tier=np.zeros(demand.size, np.int64) if tier is None else tier,
        **rest,
    )


def _freeze(problem: PackingProblem, name: str, kind: type) -> None:
    array: NDArray[Any] = np.array(getattr(problem, name), kind)
    array.setflags(write=False)
    object.__setattr__(problem, name, array)


def _check_shapes(problem: PackingProblem) -> None:
    m, k, r = problem.demand.size, problem.supply.size, len(problem.resources)
    expected = {"size": (m, r), "capacity": (k, r), "limit": (m, k), "cost": (k,), "tier": (m,), "must_place": (m,), "value": (m,)}
    for name, shape in expected.items():
        seen = getattr(problem, name).shape
        if seen != shape:
            raise ValueError(f"{name} has shape {seen}, expected {shape}")
    for name in ("size", "capacity", "supply", "limit", "cost", "present"):
        if getattr(problem, name).size and getattr(problem, name).min() < 0:
            raise ValueError(f"{name} has a negative entry, accepted: integers >= 0")
    if m and problem.demand.min() < 1:
        raise ValueError("demand has an entry below 1; leave out classes without pods")
    if (m and problem.value.min() < 1) or problem.base < 0:
        raise ValueError("value has an entry below 1, or base is negative; what counts for nothing belongs in a tier of its own")
    for spread in problem.spreads:
        if len(spread.domain) != k or spread.max_skew < 1:
            raise ValueError(f"a spread needs a domain for each of {k} node classes and max_skew >= 1, got {spread}")
    for exclusion in problem.exclusions:
        if set(exclusion.left) & set(exclusion.right):
            raise ValueError(f"the sides of an exclusion share classes: {exclusion}; use a resource of capacity 1 for a clique")
    for cap in problem.caps:
        if len(cap.domain) != k:
            raise ValueError(f"a cap needs a domain for each of {k} node classes, got {cap}")


def _check_sizes(problem: PackingProblem) -> None:
    """Refuse what would overflow int64 when summed; Python integers do the sums here."""
    demand = problem.demand.tolist()
    supply = problem.supply.tolist()
    for number, name in enumerate(problem.resources):
        asked = sum(size * pods for size, pods in zip(problem.size[:, number].tolist(), demand, strict=True))
        offered = sum(free * nodes for free, nodes in zip(problem.capacity[:, number].tolist(), supply, strict=True))
        if max(asked, offered) >= LARGEST_TOTAL:
            total = f"{name}: a total of {max(asked, offered)} units of {problem.unit[number]} does not fit 62 bits"
            raise InfeasibleError(
                f"{total}{_largest_of(problem, number)} (accepted: sums of sizes and of capacities below 2^62; correct a size that is too "
                "large, or use sizes that have a larger common divisor)"
            )
    worth = problem.base + sum(value * pods for value, pods in zip(problem.value.tolist(), demand, strict=True))
    if worth >= LARGEST_TOTAL:
        raise InfeasibleError(f"value: a total of {worth} does not fit 62 bits (accepted: values that add up to less than 2^62)")
    if sum(cost * nodes for cost, nodes in zip(problem.cost.tolist(), supply, strict=True)) >= LARGEST_TOTAL:
        raise InfeasibleError("cost: the total over all nodes does not fit 62 bits; give prices with fewer digits")


def _largest_of(problem: PackingProblem, resource: int) -> str:
    """Name the class that asks for most of a resource."""
    if not problem.class_names:
        return ""
    pod_class = int(problem.size[:, resource].argmax())
    return f", {problem.class_names[pod_class]} asks for {int(problem.size[pod_class, resource])} of them"
