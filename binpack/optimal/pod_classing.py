"""Groups of pods merged into the pod classes of a problem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.group_couplings import GroupCouplings
from binpack.optimal.mobility import Movable
from binpack.optimal.pod_groups import PodGroup
from binpack.optimal.problem import Integers


class PodClassing:
    """Groups merged into pod classes: equal requests, eligible nodes, priority, and equal part in every coupling.

    Attributes
    ----------
    of_group : list[int]
    pods : list[list[Movable]]
    examples : list[PodGroup]
    eligible : bool[m, N]
    present : int64[m, N]
    kept : int64[m, N]
        Pods of the class that are on a node today where they could not go anew: they may stay.
    """

    def __init__(
        self, groups: Sequence[PodGroup], couplings: GroupCouplings, rows: NDArray[np.intp], is_open: NDArray[np.bool_], names: list[str]
    ) -> None:
        _note_ties(groups, couplings)
        position = {name: number for number, name in enumerate(names)}
        merged: dict[tuple[Any, ...], int] = {}
        self.of_group: list[int] = []
        self.pods: list[list[Movable]] = []
        self.examples: list[PodGroup] = []
        eligible: list[NDArray[np.bool_]] = []
        order = sorted(range(len(groups)), key=lambda number: _sort_key(groups[number]))
        of_group = {}
        for number in order:
            group = groups[number]
            mask = group.eligible[rows] & is_open
            key = (tuple(sorted(group.requests.items())), mask.tobytes(), group.example.priority, group.must_place, tuple(group.ties))
            if key not in merged:
                merged[key] = len(self.pods)
                self.pods.append([])
                self.examples.append(group)
                eligible.append(mask)
            of_group[number] = merged[key]
            self.pods[merged[key]] += group.members
        self.of_group = [of_group[number] for number in range(len(groups))]
        for pods in self.pods:
            pods.sort(key=lambda item: item.pod.key)
        self.eligible = np.array(eligible, bool).reshape(len(self.pods), rows.size)
        self.present: Integers = np.zeros((len(self.pods), rows.size), np.int64)
        for pod_class, pods in enumerate(self.pods):
            for item in pods:
                if item.node in position:
                    self.present[pod_class, position[item.node]] += 1
        self.kept = np.where(self.eligible, 0, self.present)

    def of(self, groups: Iterable[int]) -> tuple[int, ...]:
        """The classes of some groups."""
        return tuple(sorted({self.of_group[group] for group in groups}))


def _note_ties(groups: Sequence[PodGroup], couplings: GroupCouplings) -> None:
    """Write into each group its part in every coupling, so that only groups with equal parts are merged."""
    shared: list[tuple[str, list[frozenset[int]]]] = [
        ("cap", [cap.groups for cap in couplings.caps]),
        ("spread", [spread.groups for spread in couplings.spreads]),
        ("room", [room.groups for room in couplings.rooms]),
    ]
    for kind, items in shared:
        for number, members in enumerate(items):
            for group in sorted(members):
                groups[group].ties.append((kind, number, 0))
    for number, exclusion in enumerate(couplings.exclusions):
        for side, members in enumerate((exclusion.left, exclusion.right)):
            for group in sorted(members):
                groups[group].ties.append(("exclusion", number, side))


def _sort_key(group: PodGroup) -> tuple[Any, ...]:
    """A canonical order of classes: what they are, then whose they are."""
    return -group.example.priority, not group.must_place, tuple(sorted(group.requests.items())), group.members[0].pod.key
