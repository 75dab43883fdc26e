"""Why a pod goes where it goes, or nowhere: a decision laid out as columns over all nodes (`binpack.scheduler.explain` makes it)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from binpack.framework.profile import Profile
from binpack.framework.status import Code, Status
from binpack.model.pod import Pod
from binpack.scheduler.cycle import Decision
from binpack.scheduler.ties import Ties

if TYPE_CHECKING:
    import pandas as pd


class NodeState(StrEnum):
    """How a node fared: `unseen` nodes were not looked at, because enough feasible ones had been found before."""

    FEASIBLE = "feasible"
    REJECTED = "rejected"
    UNSEEN = "unseen"


@dataclass(frozen=True)
class FilterColumn:
    """What one filter says of every node, asked alone.

    Parameters
    ----------
    plugin : str
    skipped : bool
        It has nothing to do for this pod.
    codes : NDArray[np.uint32]
        Shape [nodes]: 0 passes, else a key of `statuses`.
    statuses : dict[int, Status]
    error : str or None
        What it failed with; then there are no codes.
    """

    plugin: str
    skipped: bool
    codes: NDArray[np.uint32]
    statuses: dict[int, Status] = field(default_factory=dict)
    error: str | None = None

    def status(self, position: int) -> Status | None:
        """Return the rejection of a node; None where it passes."""
        return self.statuses.get(int(self.codes[position]))

    @property
    def rejections(self) -> int:
        """The number of nodes that it rejects."""
        return int(np.count_nonzero(self.codes))


@dataclass(frozen=True)
class ScoreColumn:
    """What one plugin scores.

    Parameters
    ----------
    plugin : str
    weight : int
    scores : NDArray[np.int64]
        Shape [nodes]: normalised to 0..100, times the weight; 0 for nodes that were not scored.
    skipped : bool
        It has nothing to do for this pod, or nothing was scored.
    """

    plugin: str
    weight: int
    scores: NDArray[np.int64]
    skipped: bool


@dataclass(frozen=True)
class RejectedGroup:
    """Nodes that the decision rejects for the same reasons."""

    plugin: str
    status: Status
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Shortage:
    """What NodeResourcesFit misses.

    Parameters
    ----------
    resource : str
    requested, most_free : int
        What the pod asks for, and the most that is free on one of the nodes that it is rejected on: milli-cores, bytes or units.
    node : str
        Where that is.
    """

    resource: str
    requested: int
    most_free: int
    node: str


@dataclass(frozen=True)
class Explanation:
    """A decision about one pod, over all nodes.

    Parameters
    ----------
    pod : Pod
        As it was decided: unbound.
    profile : Profile
    ties : Ties
    decision : Decision
    nodes : tuple[str, ...]
        All nodes in natural order of their names; the arrays follow it.
    states : tuple[NodeState, ...]
    totals : NDArray[np.int64]
        Shape [nodes]; 0 where not scored.
    ranks : NDArray[np.int64]
        Shape [nodes]: 1 for the highest total, equal totals share a rank; 0 where not feasible.
    filters : tuple[FilterColumn, ...]
    scores : tuple[ScoreColumn, ...]
    groups : tuple[RejectedGroup, ...]
        Most nodes first.
    shortages : tuple[Shortage, ...]
        Resources that are lacking where the decision rejects a node for its resources.
    present_node : str or None
        Where the pod runs in truth.
    notes : tuple[str, ...]
        What a reader has to know besides.
    """

    pod: Pod
    profile: Profile
    ties: Ties
    decision: Decision
    nodes: tuple[str, ...]
    states: tuple[NodeState, ...]
    totals: NDArray[np.int64]
    ranks: NDArray[np.int64]
    filters: tuple[FilterColumn, ...]
    scores: tuple[ScoreColumn, ...]
    groups: tuple[RejectedGroup, ...]
    shortages: tuple[Shortage, ...] = ()
    present_node: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def node(self) -> str | None:
        """The chosen node."""
        return self.decision.node

    @property
    def score(self) -> int | None:
        """The chosen node's total; None without one."""
        return None if self.node is None or self.decision.scoring is None else int(self.totals[self.position(self.node)])

    @property
    def message(self) -> str | None:
        """The FitError text; None if the pod fits somewhere."""
        return self.decision.message

    def position(self, node: str) -> int:
        """Return a node's place in the columns."""
        return self.nodes.index(node)

    def count(self, state: NodeState) -> int:
        """Count the nodes that fared so."""
        return self.states.count(state)

    def best(self) -> list[int]:
        """Return the positions of the feasible nodes, best first: the chosen one, then by total and name."""
        feasible = np.flatnonzero(self.ranks)
        return sorted(feasible.tolist(), key=lambda position: (-self.totals[position], self.nodes[position] != self.node, position))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a node and plugin: its verdict of the node when asked alone, and its weighted score."""
        by_filter = {column.plugin: column for column in self.filters}
        by_score = {column.plugin: column for column in self.scores}
        deciding = {node: group.plugin for group in self.groups for node in group.nodes}
        for position, node in enumerate(self.nodes):
            for plugin in dict.fromkeys((*by_filter, *by_score)):
                row: dict[str, Any] = {"node": node, "state": str(self.states[position]), "plugin": plugin}
                row |= _verdict(by_filter.get(plugin), position)
                row["decided"] = plugin in deciding.get(node, "").split(" ")
                yield row | _score(by_score.get(plugin), position, scored=bool(self.ranks[position]))

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a node and plugin as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()))

    def __str__(self) -> str:
        from binpack.scheduler.explanation_text import explanation_text

        return explanation_text(self)


def _verdict(column: FilterColumn | None, position: int) -> dict[str, Any]:
    if column is None:
        return {"verdict": None, "code": None, "reasons": []}
    if column.error is not None:
        return {"verdict": "error", "code": "Error", "reasons": [column.error]}
    if column.skipped:
        return {"verdict": "skips", "code": "Skip", "reasons": []}
    status = column.status(position)
    if status is None:
        return {"verdict": "passes", "code": str(Code.SUCCESS), "reasons": []}
    return {"verdict": "rejects", "code": str(status.code), "reasons": list(status.reasons)}


def _score(column: ScoreColumn | None, position: int, *, scored: bool) -> dict[str, Any]:
    if column is None:
        return {"weight": None, "score": None}
    return {"weight": column.weight, "score": int(column.scores[position]) if scored and not column.skipped else None}
