"""What each freed node costs: the fewest moves to each number of nodes, from today's down to the fewest there can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from binpack.framework.profile import Profile
from binpack.optimal.budget import Budget
from binpack.optimal.migration.fewest import fewest_moves
from binpack.optimal.migration.question import ask, fewest_nodes
from binpack.optimal.solve import DEFAULT_DETERMINISTIC_LIMIT
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    import pandas as pd

PART_FOR_FEWEST_NODES = 0.3
NEAR_THE_END = 4


@dataclass(frozen=True)
class CurvePoint:
    """One target: nodes in use after, nodes freed, the fewest moves found (None: no plan) and the bound on them (None: none)."""

    nodes: int
    freed: int
    moves: int | None
    bound: int | None


@dataclass(frozen=True)
class MovesCurve:
    """The answer to `moves_curve`; points by nodes freed."""

    points: tuple[CurvePoint, ...]
    repeatable: bool

    def table(self) -> pd.DataFrame:
        """The points as a table with the columns nodes, freed, moves and bound."""
        import pandas as pd

        rows = [(point.nodes, point.freed, point.moves, point.bound) for point in self.points]
        return pd.DataFrame(rows, columns=["nodes", "freed", "moves", "bound"]).astype({"moves": "Int64", "bound": "Int64"})


def moves_curve(
    cluster: Cluster,
    profile: Profile,
    *,
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
    question = ask(cluster, profile, (), bare_pods_move=bare_pods_move)
    budget = Budget(deterministic_limit=deterministic_limit, time_limit_s=time_limit_s, stop=stop)
    fewest = fewest_nodes(question, budget.slice(PART_FOR_FEWEST_NODES), seed)
    today, anchored = question.today, len(question.anchored)
    least = fewest.objective if isinstance(fewest.objective, int) else today.in_use
    targets = _targets(min(least, today.in_use), today.in_use, points)
    found = []
    for number, target in enumerate(targets):
        part = budget.slice(1.0 / (len(targets) - number))
        one = fewest_moves(today, target, part, seed, known=fewest.fills)
        moves = None if one.packing is None else today.moved(one.packing.held)
        found.append(CurvePoint(target + anchored, today.in_use - target, moves, None if one.bound is None else one.bound.value))
    return MovesCurve(tuple(_monotone(found)), budget.repeatable)


def _targets(least: int, most: int, points: int) -> list[int]:
    """Numbers of nodes from most to least: evenly, and each of the last few."""
    near = range(least, min(most, least + NEAR_THE_END, least + points - 1))
    rest = max(1, points - len(near) - 1)
    first = least + len(near)
    even = {most - (most - first) * step // rest for step in range(rest + 1)} if most > first else {most}
    return sorted({*near, *even}, reverse=True)


def _monotone(points: list[CurvePoint]) -> list[CurvePoint]:
    """A plan to fewer nodes is one to more nodes as well: the curve of moves never falls as more nodes are freed."""
    best: list[CurvePoint] = []
    least: int | None = None
    for point in reversed(points):
        if point.moves is not None:
            least = point.moves if least is None else min(least, point.moves)
        best.append(CurvePoint(point.nodes, point.freed, least, point.bound))
    return best[::-1]
