"""What each freed node costs: the fewest moves to each number of nodes, from today's down to the fewest there can be.

A point is a placement, not a plan: its moves are counted, their order is not looked for. Each bound went through the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.optimal.answer import checked_answer
from binpack.optimal.budget import Budget
from binpack.optimal.certificate import certificate
from binpack.optimal.migration.certificate import moves_certificate
from binpack.optimal.migration.fewest import fewest_moves
from binpack.optimal.migration.question import ask, fewest_nodes
from binpack.optimal.mobility import Stays
from binpack.optimal.packing import Packing
from binpack.optimal.solve import DEFAULT_DETERMINISTIC_LIMIT
from binpack.results.tables import Column, Table, TableSchema
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    import pandas as pd

PART_FOR_FEWEST_NODES = 0.3
NEAR_THE_END = 4

MOVES_CURVE = TableSchema(
    "moves_curve",
    1,
    (
        Column("nodes", "int64", "nodes in use afterwards"),
        Column("freed", "int64", "nodes freed"),
        Column("moves", "int64", "the fewest moves found; missing: no placement was found"),
        Column("bound", "int64", "no placement on so many nodes has fewer moves, as was checked; missing: nothing is proven"),
    ),
)


@dataclass(frozen=True)
class CurvePoint:
    """One target: nodes in use after, nodes freed, the fewest moves found (None: no plan) and the bound on them (None: none)."""

    nodes: int
    freed: int
    moves: int | None
    bound: int | None


@dataclass(frozen=True)
class MovesCurve:
    """The answer to `moves_curve`.

    Attributes
    ----------
    points : tuple[CurvePoint, ...]
        By nodes freed; the last one is at the fewest nodes that were found to do.
    fewest_bound : int or None
        No placement uses fewer nodes, so there is no curve beyond; None if nothing is proven.
    anchored : tuple[tuple[str, str], ...]
        Nodes that cannot be freed, and why.
    stays : tuple[Stays, ...]
        Pods that are no part of it, and why.
    relaxed : tuple[str, ...]
        Rules that neither the moves nor the bounds know.
    repeatable : bool
        False if a clock ended the search.
    seconds : float
    """

    points: tuple[CurvePoint, ...]
    fewest_bound: int | None
    anchored: tuple[tuple[str, str], ...]
    stays: tuple[Stays, ...]
    relaxed: tuple[str, ...]
    repeatable: bool
    seconds: float

    def results(self) -> Table:
        """The points as a table that can be written as Parquet."""
        return Table(MOVES_CURVE, {name: tuple(getattr(one, name) for one in self.points) for name in MOVES_CURVE.column_names})

    def table(self) -> pd.DataFrame:
        """The points as a table with the columns nodes, freed, moves and bound."""
        return self.results().to_pandas()


def moves_curve(
    cluster: Cluster,
    profile: Profile,
    *,
    pending: Iterable[Pod] = (),
    points: int = 20,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    bare_pods_move: bool = False,
    stop: Callable[[], bool] | None = None,
) -> MovesCurve:
    """Find the fewest moves for up to so many numbers of nodes, all of them near the fewest, where the curve bends.

    Parameters
    ----------
    pending : iterable of Pod
        Placed as well, as `plan_moves` does; their placing counts no move, the room that they need may.
    points : int
        Most points, at least 2.
    time_limit_s, deterministic_limit : float, optional
        For the whole curve; 10 units of work if neither is given.

    Raises
    ------
    ValueError
        If fewer than two points are asked for.
    """
    if points < 2:
        raise ValueError(f"points: {points} (accepted: at least 2)")
    if time_limit_s is None and deterministic_limit is None:
        deterministic_limit = DEFAULT_DETERMINISTIC_LIMIT
    question = ask(cluster, profile, tuple(pending), bare_pods_move=bare_pods_move)
    budget = Budget(deterministic_limit=deterministic_limit, time_limit_s=time_limit_s, stop=stop)
    fewest = fewest_nodes(question, budget.slice(PART_FOR_FEWEST_NODES), seed)
    today, anchored = question.today, len(question.anchored)
    least = fewest.objective if isinstance(fewest.objective, int) else today.in_use
    targets = _targets(min(least, today.in_use), today.in_use, points)
    found = []
    near: Packing | None = None
    for number, target in enumerate(targets):
        part = budget.slice(1.0 / (len(targets) - number))
        one = fewest_moves(today, target, part, seed, known=fewest.fills, near=near)
        near = one.packing or near
        moves = None if one.packing is None else today.moved(one.packing.held)
        checked = checked_answer(moves_certificate(today, one, "feasible", repeatable=part.repeatable))
        bound = checked.bound if isinstance(checked.bound, int) else None
        found.append(CurvePoint(target + anchored, today.in_use - target, moves, bound))
    proven = checked_answer(certificate(question.built.problem, fewest)).bound
    return MovesCurve(
        points=tuple(monotone(found)),
        fewest_bound=proven + anchored if isinstance(proven, int) else None,
        anchored=question.anchored,
        stays=question.stays,
        relaxed=question.built.problem.relaxed,
        repeatable=budget.repeatable,
        seconds=budget.seconds,
    )


def _targets(least: int, most: int, points: int) -> list[int]:
    """Numbers of nodes from most to least: evenly, and each of the last few."""
    near = range(least, min(most, least + NEAR_THE_END, least + points - 1))
    rest = max(1, points - len(near) - 1)
    first = least + len(near)
    even = {most - (most - first) * step // rest for step in range(rest + 1)} if most > first else {most}
    return sorted({*near, *even}, reverse=True)


def monotone(points: list[CurvePoint]) -> list[CurvePoint]:
    """A placement on fewer nodes is one on more nodes as well, so moves and bounds never fall as more nodes are freed."""
    most: int | None = None
    bounded = []
    for point in points:
        if point.bound is not None:
            most = point.bound if most is None else max(most, point.bound)
        bounded.append(replace(point, bound=most))
    best: list[CurvePoint] = []
    least: int | None = None
    for point in reversed(bounded):
        if point.moves is not None:
            least = point.moves if least is None else min(least, point.moves)
        best.append(replace(point, moves=least))
    return best[::-1]
