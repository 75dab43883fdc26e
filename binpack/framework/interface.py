"""The plugin interface: kube-scheduler's extension points, with the whole node axis at once.

A plugin is pure: no state of its own, no clock, no dependency on rows other than those it is asked about. A random policy gets its
generator with the decision. `rows` is any subset of the nodes, so that the same code serves a full pass, a patch of the changed
rows and a single node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.points import Point
from binpack.framework.status import Status
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows


class Reads(Flag):
    """What an answer depends on, hence when a cached one dies."""

    STATIC = auto()
    """The node's own spec, labels and taints."""
    ROW = auto()
    """The node's state: what is requested there, its ports."""
    DOMAIN = auto()
    """Counts of pods over topology domains."""
    CLUSTER = auto()
    """Other objects, or the number of nodes."""
    FEASIBLE = auto()
    """The feasible set of this one cycle; never cached."""
    DECISION = auto()
    """A random draw; never cached. `prepare_score` gets a generator."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do for this pod: the plugin's filter (or score), and its part in dry runs, are off for the whole cycle."""


SKIP = Skip()


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Only these nodes are worth filtering (PreFilterResult).

    Parameters
    ----------
    node_names : frozenset[str]
        Nodes by name; those that do not exist are ignored.
    prepared : Any
        What `filter` gets.
    """

    node_names: frozenset[str]
    prepared: Any


class Plugin(Protocol):
    """What every plugin declares.

    Attributes
    ----------
    name : str
        As in Kubernetes.
    points : frozenset[Point]
        The extension points that it implements.
    reads : Reads
    class_key : tuple[str, ...]
        What it reads of a pod: names out of `binpack.state.classes.FEATURES`, `labels` or `annotations:KEY`.
    events : tuple[EventHint, ...]
        Which events may make a pod that it rejected schedulable. A plugin that lacks the attribute waits for every event.
    """

    name: ClassVar[str]
    points: ClassVar[frozenset[Point]]
    reads: ClassVar[Reads]
    class_key: ClassVar[tuple[str, ...]]

    @property
    def events(self) -> tuple[EventHint, ...]:
        """Which events may make a pod that it rejected schedulable, and the hint function of each."""
        ...


class Filter(Plugin, Protocol):
    """PreFilter and Filter. `add_pod` and `remove_pod` serve dry runs: they change what `prepare` returned."""

    def prepare(self, pod: Pod, cluster: Cluster) -> Any | Skip | Status | Shortlist:
        """Compile what the filter needs for one pod (PreFilter).

        Returns
        -------
        Any, Skip, Status or Shortlist
            What `filter` will be given; or: nothing to do; or: rejected on every node; or: only these nodes.

        Raises
        ------
        SchedulingError
            If kube-scheduler would fail the cycle with an error.
        """
        ...

    def filter(self, prepared: Any, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: 0 passes, any other number is a code of this plugin's own; shape [len(rows)]."""
        ...

    def status(self, prepared: Any, code: int) -> Status:
        """Translate a code into a status with its reasons."""
        ...


@runtime_checkable
class Incremental(Protocol):
    """A filter whose prepared state follows pods added to or removed from a node in a dry run (PreFilterExtensions).

    What its `prepare` returns has a `copy()`, so that a dry run can change a copy.
    """

    name: ClassVar[str]

    def add_pod(self, prepared: Any, other: Pod, row: int, cluster: Cluster) -> None:
        """Account for a pod that is now on a row."""
        ...

    def remove_pod(self, prepared: Any, other: Pod, row: int, cluster: Cluster) -> None:
        """Account for a pod that has left a row."""
        ...


class Score(Plugin, Protocol):
    """PreScore, Score and NormalizeScore."""

    default_weight: ClassVar[int]

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Any | Skip:
        """Compile what the score needs (PreScore). A plugin that reads `Reads.DECISION` implements `RandomScore` instead."""
        ...

    def score(self, prepared: Any, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows; shape [len(rows)]."""
        ...

    def normalize(self, prepared: Any, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
        """Bring raw scores of the feasible rows into 0..100; shape [len(feasible)]. Named defaults: `framework.normalize`."""
        ...


@runtime_checkable
class RandomScore(Protocol):
    """A score that draws: it gets the decision's generator, and nothing of it is ever cached."""

    def prepare_random_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows, generator: np.random.Generator) -> Any | Skip:
        """Compile what the score needs, with random draws."""
        ...


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a decision allots beyond sums of requests (devices, volumes); Reserve returns it, Unreserve gives it back.

    Parameters
    ----------
    plugin : str
    content : Any
        The plugin's own record of what it allotted.
    undo : callable
        Gives it back.
    annotations : Mapping[str, str]
        What a scheduler that binds the pod writes on it, so that others see what it holds.
    """

    plugin: str
    content: Any
    undo: Callable[[], None] = field(compare=False)
    annotations: Mapping[str, str] = field(default_factory=dict)


class PreEnqueue(Plugin, Protocol):
    """Keeps a pod out of the queue until it may be tried."""

    def pre_enqueue(self, pod: Pod) -> Status | None:
        """Return None if the pod may enter the queue, else why not."""
        ...


class QueueSort(Plugin, Protocol):
    """Orders the active queue."""

    def sort_key(self, pod: Pod, queued_at_us: int) -> tuple[Any, ...]:
        """Return a key; the pod with the smallest is tried first."""
        ...


class Reserve(Plugin, Protocol):
    """Allots what a placement needs beyond sums."""

    def reserve(self, pod: Pod, cluster: Cluster, row: int) -> Allocation | Status | None:
        """Allot; None if there is nothing to allot."""
        ...


@runtime_checkable
class RandomReserve(Protocol):
    """A Reserve that draws: it gets the decision's generator in place of `reserve`."""

    def reserve_at_random(self, pod: Pod, cluster: Cluster, row: int, generator: np.random.Generator) -> Allocation | Status | None:
        """Allot, with random draws; None if there is nothing to allot."""
        ...
