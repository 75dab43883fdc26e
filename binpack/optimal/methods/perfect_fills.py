"""Several resources, equal nodes: pods that fill a node to the last unit in every resource at once.

Where pods are many and different, hardly any group fills a node exactly by chance, so that those that do are worth having. Two pods, two
and one, two and two, up to three and three are joined by looking up what is missing: a group's need in all resources is one number,
a random linear combination of them, checked before it counts. Source: the meeting in the middle of Horowitz and Sahni 1974.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.budget import Budget
from binpack.optimal.methods.master import Content
from binpack.optimal.methods.sequential import VARIANTS, Sequential, pods_of
from binpack.optimal.methods.subset_sums import are_alike, binding
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.quotas import of_classes
from binpack.optimal.solution import Fill, gathered

MOST_GROUPS = 4_000_000
MOST_GROUPS_TO_COVER = 400_000
FEWEST_KINDS = 0.5
MOST_PODS = 1_500
"""Above this, groups are too many to be written down, and tight fills find as good ones."""
WORK_A_GROUP = 1e-7

Codes = NDArray[np.uint64]


def is_worth_trying(problem: PackingProblem) -> bool:
    """Whether nodes are equal, several resources bind, and pods are not too many and most of them one of a kind."""
    return (
        problem.pods <= MOST_PODS
        and are_alike(problem)
        and len(binding(problem)) > 1
        and problem.pod_classes >= FEWEST_KINDS * problem.pods
    )


def perfect_fills(problem: PackingProblem, budget: Budget, seed: int) -> tuple[Fill, ...]:
    """Find groups of pods that fill a node exactly, no pod in two of them; small groups first.

    Parameters
    ----------
    problem : PackingProblem
        For which `is_worth_trying` holds.
    budget : Budget
    seed : int
        For the random combination alone: it changes how fast groups are found, not which are valid.
    """
    pool = _Pool(problem, np.random.default_rng([seed, 5]))
    fills: list[Fill] = []
    for one, other in ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4)):
        if budget.exhausted():
            break
        if pool.count_of(other) <= MOST_GROUPS:
            fills += pool.joined(one, other, budget)
        elif one >= 2 and pool.count_of(other - 1) <= MOST_GROUPS:
            fills += pool.joined_with_one(one, other - 1, budget)
    return gathered(fills)


def all_perfect_fills(problem: PackingProblem, most: int) -> list[Content]:
    """All contents of up to six pods that fill a node exactly; none if they are more than so many, or pods too many to tell.

    Parameters
    ----------
    problem : PackingProblem
        For which `is_worth_trying` holds.
    most : int
    """
    pool = _Pool(problem, np.random.default_rng(5))
    found: set[Content] = set()
    for one, other in ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3)):
        if pool.count_of(other) > MOST_GROUPS_TO_COVER:
            return []
        found.update(pool.contents(one, other))
        if len(found) > most:
            return []
    return sorted(found)


def completed(problem: PackingProblem, fills: tuple[Fill, ...], budget: Budget) -> tuple[Fill, ...] | None:
    """Place the pods that perfect fills leave node by node, by each weighting; None if there is no room for them."""
    left = problem.demand - pods_of(problem, fills)
    kept = np.flatnonzero(left)
    if not kept.size:
        return fills
    nodes = np.array([int(problem.supply[0]) - sum(fill.nodes for fill in fills)])
    rest = Sequential(replace(of_classes(problem, kept, left[kept]), supply=nodes), budget)
    best: tuple[Fill, ...] | None = None
    for variant in range(len(VARIANTS)):
        found = None if budget.exhausted() and best is not None else rest.placement(variant)
        if found is not None and (best is None or sum(fill.nodes for fill in found) < sum(fill.nodes for fill in best)):
            best = found
    if best is None:
        return None
    moved = tuple(Fill(0, fill.nodes, tuple((int(kept[number]), pods) for number, pods in fill.pods)) for fill in best)
    return gathered((*fills, *moved))


@dataclass
class _Pool:
    """The pods that are left, one entry each."""

    problem: PackingProblem
    generator: np.random.Generator

    def __post_init__(self) -> None:
        resources = binding(self.problem)
        self.size: Integers = self.problem.size[:, resources]
        self.full: Integers = self.problem.capacity[0, resources]
        factors = self.generator.integers(1, 1 << 63, len(resources), dtype=np.uint64) | np.uint64(1)
        self.codes: Codes = (self.size.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
        self.full_code = (self.full.astype(np.uint64) * factors).sum(dtype=np.uint64)
        share = (self.size / self.full).max(axis=1)
        pods = np.repeat(np.arange(self.problem.pod_classes), self.problem.demand)
        self.pods: Integers = pods[np.argsort(-share[pods], kind="stable")]

    def count_of(self, pods: int) -> int:
        """The number of groups of so many pods."""
        count, n = 1, self.pods.size
        for number in range(pods):
            count = count * max(n - number, 0) // (number + 1)
        return count

    def groups(self, pods: int) -> Integers:
        """int64[groups, pods]: positions of all groups that fit on a node."""
        n = self.pods.size
        found: Integers = np.arange(n)[:, None]
        sizes = self.size[self.pods]
        load = sizes
        for _ in range(pods - 1):
            last = found[:, -1]
            more = n - 1 - last
            rows = np.repeat(np.arange(last.size), more)
            following = np.arange(rows.size) - np.repeat(np.cumsum(more) - more, more) + last[rows] + 1
            load = load[rows] + sizes[following]
            fits = (load <= self.full).all(axis=1)
            found = np.column_stack([found[rows[fits]], following[fits]])
            load = load[fits]
        return found

    def code_of(self, groups: Integers) -> Codes:
        """uint64[groups]: the combination of what a group takes."""
        return np.asarray(self.codes[self.pods[groups]].sum(axis=1, dtype=np.uint64))

    def joined(self, one: int, other: int, budget: Budget) -> list[Fill]:
        """Perfect fills of two groups."""
        left, right = self.groups(one), self.groups(other)
        budget.spend(WORK_A_GROUP * (left.shape[0] + right.shape[0]))
        if not left.size or not right.size:
            return []
        order, codes = _sorted(self.code_of(right))
        matches = _matches(self.full_code - self.code_of(left), codes)
        return self._take([(left[number], right[order[place]]) for number, place in matches])

    def contents(self, one: int, other: int) -> list[Content]:
        """All perfect fills of two groups; the pods stay."""
        left, right = self.groups(one), self.groups(other)
        if not left.size or not right.size:
            return []
        order, codes = _sorted(self.code_of(right))
        pairs = _matches(self.full_code - self.code_of(left), codes)
        groups = [np.concatenate([left[number], right[order[place]]]) for number, place in pairs]
        return [self._fill(members).pods for members in groups if self._is_perfect(members)]

    def joined_with_one(self, one: int, other: int, budget: Budget) -> list[Fill]:
        """Perfect fills of two groups and the largest pod that is left, one such pod after the other."""
        fills: list[Fill] = []
        left, right = self.groups(one), self.groups(other)
        order, codes = _sorted(self.code_of(right))
        needs = self.full_code - self.code_of(left)
        used = np.zeros(self.pods.size, bool)
        for number in range(self.pods.size):
            if budget.exhausted():
                break
            if used[number]:
                continue
            budget.spend(WORK_A_GROUP * needs.size)
            for first, place in _matches(needs - self.codes[self.pods[number]], codes):
                members = np.concatenate([[number], left[first], right[order[place]]])
                if not used[members].any() and self._is_perfect(members):
                    used[members] = True
                    fills.append(self._fill(members))
                    break
        self.pods = self.pods[~used]
        return fills

    def _take(self, pairs: list[tuple[Integers, Integers]]) -> list[Fill]:
        used = np.zeros(self.pods.size, bool)
        fills = []
        # Groups with large pods first: small ones find other places.
        for members in sorted((sorted({*a.tolist(), *b.tolist()}) for a, b in pairs), key=lambda members: members):
            if not used[members].any() and self._is_perfect(np.array(members)):
                used[members] = True
                fills.append(self._fill(np.array(members)))
        self.pods = self.pods[~used]
        return fills

    def _is_perfect(self, members: Integers) -> bool:
        return np.unique(members).size == members.size and bool((self.size[self.pods[members]].sum(axis=0) == self.full).all())

    def _fill(self, members: Integers) -> Fill:
        classes, counts = np.unique(self.pods[members], return_counts=True)
        return Fill(0, 1, tuple(zip(classes.tolist(), counts.tolist(), strict=True)))


def _sorted(codes: Codes) -> tuple[NDArray[np.intp], Codes]:
    order = np.argsort(codes, kind="stable")
    return order, codes[order]


def _matches(needs: Codes, codes: Codes) -> list[tuple[int, int]]:
    """(position in needs, position in codes) of equal entries, at most eight for each need."""
    first = np.searchsorted(codes, needs)
    inside = np.flatnonzero(first < codes.size)
    hits = inside[codes[first[inside]] == needs[inside]]
    found = []
    for number in hits[:200_000].tolist():
        place = int(first[number])
        for step in range(8):
            if place + step >= codes.size or codes[place + step] != needs[number]:
                break
            found.append((number, place + step))
    return found
