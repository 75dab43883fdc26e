"""The cheapest set of evictions of an instance, found by the checker itself: by broken budgets, then evictions, then priorities."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

from binpack.optimal.verify_eviction_instance import EvictionClass, EvictionInstance, EvictionNode

Key = tuple[int, int, int]
"""Broken budgets, evictions, sum of priorities: what sets of victims are compared by."""


@dataclass
class LeastKey:
    """What is proven: no set is below `key`; None if no set at all makes room. Not `exact`, in its last part, where steps ran out."""

    key: Key | None = None
    exact: bool = True
    steps: int = field(default=0, repr=False)


def least_key(instance: EvictionInstance, known: Key | None = None, step_limit: int = 500_000) -> LeastKey:
    """Find the cheapest set over all nodes, or prove that none is below one that is known.

    Examples
    --------
    >>> classes = (EvictionClass(0, (2,), ()), EvictionClass(5, (4,), ()))
    >>> least_key(EvictionInstance((4,), classes, (), (EvictionNode(1, (0,), ((0, 2, 0), (1, 1, 0))),))).key
    (0, 1, 5)
    """
    best, steps = known, 0
    weakest: Key | None = None
    for node in sorted(instance.nodes, key=lambda one: len(one.pods)):
        search = _NodeSearch(instance, node, best, step_limit - steps)
        search.run()
        best, steps = search.best, steps + search.steps
        if search.floor is not None and (weakest is None or search.floor < weakest):
            weakest = search.floor
    if weakest is not None and (best is None or weakest < best):
        return LeastKey(weakest, exact=False, steps=steps)
    return LeastKey(best, steps=steps)


class _NodeSearch:
    """Looks for a set on one node that is below the best one; `floor` is set where the steps end before all were tried."""

    def __init__(self, instance: EvictionInstance, node: EvictionNode, best: Key | None, step_limit: int) -> None:
        self.best, self.steps = best, 0
        self.floor: Key | None = None
        self._step_limit = step_limit
        self._short = [need - free for need, free in zip(instance.need, node.free, strict=True)]
        self._budgets = instance.budgets
        self._charged = [0] * len(instance.budgets)
        self._single = all(len(one.budgets) <= 1 for one in instance.classes)
        self._forced: list[tuple[EvictionClass, int]] = []
        self._items: list[tuple[EvictionClass, int]] = []
        for number, pods, forced in node.pods:
            one = instance.classes[number]
            if forced:
                self._forced.append((one, forced))
            if pods > forced:
                self._items.append((one, pods - forced))
        self._items.sort(key=lambda item: (item[0].priority, [-amount for amount in item[0].gives], item[0].budgets))
        self._sums: list[list[list[int]]] = []
        self._least_count = 0

    def run(self) -> None:
        count = total = 0
        for one, pods in self._forced:
            self._take(one, pods)
            count, total = count + pods, total + pods * one.priority
        least = self._first_look(count, total)
        if least is None:
            return
        self._least_count = count + least
        self._sums = [self._prefix_sums(first) for first in range(len(self._items) + 1)]
        self._extend(0, count, total)

    def _first_look(self, count: int, total: int) -> int | None:
        """How many further evictions it takes at least; None if no set on this node can be below the best one. Without any tables."""
        least = 0
        for resource, short in enumerate(self._short):
            if short > 0:
                gives = sorted((one.gives[resource] for one, pods in self._items for _ in range(pods)), reverse=True)
                needed = bisect_left(list(accumulate(gives)), short)
                if needed == len(gives):
                    return None
                least = max(least, needed + 1)
        lowest = min((one.priority for one, _ in self._items), default=0)
        below = self.best is None or (self._broken(), count + least, total + least * lowest) < self.best
        return least if below else None

    def _prefix_sums(self, first: int) -> list[list[int]]:
        """For each resource what the k most giving of the pods from an item on give together."""
        items = self._items[first:]
        columns = (sorted((one.gives[r] for one, pods in items for _ in range(pods)), reverse=True) for r in range(len(self._short)))
        return [list(accumulate(column)) for column in columns]

    def _extend(self, first: int, count: int, total: int) -> None:
        self.steps += 1
        if self.steps > self._step_limit:
            self.floor = (0, self._least_count, 0)
            return
        least = self._least(first)
        if least is None:
            return
        broken = self._broken()
        if least == 0:
            if self.best is None or (broken, count, total) < self.best:
                self.best = (broken, count, total)
            # Further evictions make no set cheaper.
            return
        if self._lacks_unbroken(first):
            broken = broken + 1 if self._single else max(broken, 1)
        lowest = min(one.priority for one, _ in self._items[first:])
        if self.best is not None and (broken, count + least, total + least * lowest) >= self.best:
            return
        one, pods = self._items[first]
        self._take(one, pods)
        for taken in range(pods, -1, -1):
            self._extend(first + 1, count + taken, total + taken * one.priority)
            if taken:
                self._take(one, -1)
            if self.floor is not None:
                return

    def _least(self, first: int) -> int | None:
        """How many more evictions it takes at least; None if all of the rest do not suffice."""
        least = 0
        for short, sums in zip(self._short, self._sums[first], strict=True):
            if short > 0:
                needed = bisect_left(sums, short)
                if needed == len(sums):
                    return None
                least = max(least, needed + 1)
        return least

    def _lacks_unbroken(self, first: int) -> bool:
        """Whether what may go without breaking one more budget is not enough."""
        free = []
        for one, pods in self._items[first:]:
            left = [max(0, self._budgets[number] - self._charged[number]) for number in one.budgets]
            free.append((one, min([pods, *left])))
        return any(sum(pods * one.gives[resource] for one, pods in free) < short for resource, short in enumerate(self._short) if short > 0)

    def _broken(self) -> int:
        """Evictions beyond a budget: exact where no pod is in two of them, otherwise no more than there are."""
        beyond = [max(0, charged - allowed) for charged, allowed in zip(self._charged, self._budgets, strict=True)]
        return sum(beyond) if self._single else max(beyond, default=0)

    def _take(self, one: EvictionClass, pods: int) -> None:
        for resource, amount in enumerate(one.gives):
            self._short[resource] -= pods * amount
        for number in one.budgets:
            self._charged[number] += pods
