"""What became of the waiting pods of a snapshot: a row a pod, and what a reader has to know about the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from binpack.model.pod import Pod
from binpack.scheduler.ties import Ties
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    import pandas as pd


class PodState(StrEnum):
    """What became of a waiting pod.

    `placed`; `unschedulable`: no node fits; `nominated`: no node fits, but preemption would make room on one; `error`: the cycle
    failed; `gated`: its scheduling gates keep it from being tried; `foreign`: it names a scheduler that no profile has.
    """

    PLACED = "placed"
    UNSCHEDULABLE = "unschedulable"
    NOMINATED = "nominated"
    ERROR = "error"
    GATED = "gated"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Placement:
    """What was decided about one pod.

    Parameters
    ----------
    pod : Pod
    state : PodState
    node : str or None
    score : int or None
        The node's total. None where nothing was scored, as for an only feasible node.
    feasible_nodes, evaluated_nodes : int
        How many nodes fit, and how many were looked at.
    runner_up, runner_up_score : str or None, int or None
        The best of the other feasible nodes.
    message : str or None
        Why the pod waits: the FitError text, or what the cycle failed with.
    nominated_node : str or None
        Where preemption would make room.
    victims : tuple[str, ...]
        The pods (`namespace/name`) that would have to go.
    evicted : bool
        The victims were taken off, and the pod was placed.
    """

    pod: Pod
    state: PodState
    node: str | None = None
    score: int | None = None
    feasible_nodes: int = 0
    evaluated_nodes: int = 0
    runner_up: str | None = None
    runner_up_score: int | None = None
    message: str | None = None
    nominated_node: str | None = None
    victims: tuple[str, ...] = ()
    evicted: bool = False

    def row(self) -> dict[str, Any]:
        """Return the decision as a row of plain values."""
        return {
            "namespace": self.pod.metadata.namespace,
            "pod": self.pod.metadata.name,
            "state": str(self.state),
            "node": self.node,
            "score": self.score,
            "feasible_nodes": self.feasible_nodes,
            "evaluated_nodes": self.evaluated_nodes,
            "runner_up": self.runner_up,
            "runner_up_score": self.runner_up_score,
            "message": self.message,
            "nominated_node": self.nominated_node,
            "victims": list(self.victims),
            "evicted": self.evicted,
        }


@dataclass(frozen=True)
class Schedule:
    """The waiting pods of a snapshot, each with what was decided about it.

    Parameters
    ----------
    placements : tuple[Placement, ...]
        In the order in which the pods were tried; gated ones and those of other schedulers follow.
    nodes : int
        Nodes of the cluster.
    ties : Ties
        How equal totals were decided.
    percentages : Mapping[str, int]
        `percentageOfNodesToScore` by scheduler name; 0 is adaptive.
    missing : Mapping[str, tuple[str, ...]]
        In-tree plugins of the profiles that are not there yet, each with the pods (`namespace/name`) that need it.
    cluster : Cluster
        With the placed pods on their nodes.
    """

    placements: tuple[Placement, ...]
    nodes: int
    ties: Ties
    percentages: Mapping[str, int]
    missing: Mapping[str, tuple[str, ...]]
    cluster: Cluster = field(repr=False)

    @property
    def placed(self) -> tuple[Placement, ...]:
        """Those that found a node."""
        return tuple(placement for placement in self.placements if placement.node is not None)

    @property
    def pending(self) -> tuple[Placement, ...]:
        """Those that go on waiting, for whatever reason."""
        return tuple(placement for placement in self.placements if placement.node is None)

    def counts(self) -> dict[PodState, int]:
        """Count the pods by what became of them."""
        return {state: sum(placement.state is state for placement in self.placements) for state in PodState}

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a pod."""
        return [placement.row() for placement in self.placements]

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a pod as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def __str__(self) -> str:
        from binpack.scheduler.schedule_text import schedule_text

        return schedule_text(self)
