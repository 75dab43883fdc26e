"""NodeResourcesFit: a node must have enough of everything that the pod requests; scores by one of three strategies.

Source: noderesources/fit.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.errors import ConfigurationError, SchedulingError
from binpack.framework.arguments import (
    LEAST_ALLOCATED,
    MOST_ALLOCATED,
    REQUESTED_TO_CAPACITY_RATIO,
    NodeResourcesFitArgs,
    ScoringStrategy,
)
from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.interface import Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable, unschedulable
from binpack.model.pod import Pod
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY, is_extended
from binpack.plugins.least_allocated import least_allocated
from binpack.plugins.most_allocated import most_allocated
from binpack.plugins.node_resources_fit_hints import freed_its_place, grew, scaled_down
from binpack.plugins.requested_to_capacity_ratio import RequestedToCapacityRatio
from binpack.plugins.resource_allocation import ScoredRequest, Use, scored_requests, uses
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

TOO_MANY_PODS = np.uint32(1)
UNRESOLVABLE = np.uint32(1 << 31)
MAX_RESOURCES = 30
"""A code has 32 bits: one for the number of pods, one for "unresolvable", and one for each resource that the pod requests."""

_FIRST = (CPU, MEMORY, EPHEMERAL_STORAGE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource that the filter compares, and how much of it (more than 0) the pod requests."""

    name: str
    amount: int


class NodeResourcesFit:
    """Collects all insufficiencies of a row in one code, a bit each.

    Parameters
    ----------
    arguments : NodeResourcesFitArgs
        Ignored resources are ignored by the filter, not by the score.
    """

    name: ClassVar[str] = "NodeResourcesFit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("requests",)
    arguments: ClassVar[type | None] = NodeResourcesFitArgs
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.POD, Action.DELETE, freed_its_place),
        EventHint(Resource.POD, Action.UPDATE_POD_SCALE_DOWN, scaled_down),
        EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_ALLOCATABLE, grew),
    )
    normalize = no_normalization

    def __init__(self, arguments: NodeResourcesFitArgs) -> None:
        self._ignored = frozenset(arguments.ignored_resources)
        self._ignored_groups = frozenset(arguments.ignored_resource_groups)
        self._scored = arguments.scoring_strategy.resources
        self.strategy = _strategy(arguments.scoring_strategy)

    def prepare(self, pod: Pod, cluster: Cluster) -> tuple[Wanted, ...]:
        """Return the requests in the order in which insufficiencies are reported: the usual three, then the rest by name.

        Raises
        ------
        SchedulingError
            If the pod requests more different resources than a code has bits for (`MAX_RESOURCES`).
        """
        requests = cluster.classes.of(pod).requests
        names = (*_FIRST, *sorted(requests.keys() - set(_FIRST)))
        wanted = tuple(Wanted(name, requests[name]) for name in names if requests.get(name, 0) != 0 and not self._is_ignored(name))
        if len(wanted) > MAX_RESOURCES:
            raise SchedulingError(f'pod "{pod.key}" requests {len(wanted)} different resources (accepted: at most {MAX_RESOURCES})')
        return wanted

    def filter(self, prepared: tuple[Wanted, ...], rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: `TOO_MANY_PODS`, `2 << i` for the i-th resource wanted, `UNRESOLVABLE`, in one sum; shape [len(rows)]."""
        cluster = rows.cluster
        codes = (rows.pod_counts >= rows.allowed_pods).astype(np.uint32)
        for bit, wanted in enumerate(prepared, start=1):
            position = cluster.resources.index(wanted.name)
            if position is None:
                codes |= np.uint32(1 << bit) | UNRESOLVABLE
                continue
            allocatable = rows.take(cluster.allocatable[position])
            short = wanted.amount > allocatable - rows.take(cluster.requested[position])
            if short.any():
                codes |= short * np.uint32(1 << bit)
                # What would not fit on the empty node cannot be helped by preemption.
                codes |= (short & (wanted.amount > allocatable)) * UNRESOLVABLE
        return codes

    def status(self, prepared: tuple[Wanted, ...], code: int) -> Status:
        """Translate a code into a status with its reasons."""
        reasons = ["Too many pods"] if code & int(TOO_MANY_PODS) else []
        reasons += [f"Insufficient {wanted.name}" for bit, wanted in enumerate(prepared, start=1) if code >> bit & 1]
        return unresolvable(*reasons) if code & int(UNRESOLVABLE) else unschedulable(*reasons)

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> tuple[ScoredRequest, ...]:
        """Return the scored resources with what the pod requests of each, defaults included."""
        return scored_requests(self._scored, cluster.classes.of(pod).score_requests, nonzero=True)

    def score(self, prepared: tuple[ScoredRequest, ...], rows: NodeRows) -> NDArray[np.int64]:
        """Score rows by the strategy, 0 where no resource counts; shape [len(rows)]."""
        counted = uses(prepared, rows)
        return self.strategy(counted) if counted else np.zeros(len(rows), np.int64)

    def _is_ignored(self, name: str) -> bool:
        """Only extended resources can be ignored, by name or by group."""
        return is_extended(name) and (name in self._ignored or name.partition("/")[0] in self._ignored_groups)


def _strategy(strategy: ScoringStrategy) -> Callable[[Sequence[Use]], NDArray[np.int64]]:
    match strategy.type:
        case "LeastAllocated":
            return least_allocated
        case "MostAllocated":
            return most_allocated
        case "RequestedToCapacityRatio" if strategy.requested_to_capacity_ratio is not None:
            return RequestedToCapacityRatio(strategy.requested_to_capacity_ratio.shape)
        case _:
            raise ConfigurationError(
                f'NodeResourcesFitArgs.scoringStrategy.type: "{strategy.type}" (accepted: {LEAST_ALLOCATED}, {MOST_ALLOCATED}, '
                f"{REQUESTED_TO_CAPACITY_RATIO} with requestedToCapacityRatio)"
            )
