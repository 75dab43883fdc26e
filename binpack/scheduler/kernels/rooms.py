"""Numbers of a class that all its rows are judged by: the room of hard spread by hostname, the first pod of a group by affinity."""

from __future__ import annotations

from typing import Any

from binpack.scheduler.kernels.domains import is_empty_everywhere
from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import FAR, FIRST_OF_GROUP, HARD_HOST, NEAR, OPS, ROOM, ROW_FILTERS


@leaf
def fewest_pods(column: Any, ranks: Any, min_domains: int) -> int:
    """Return the fewest matching pods of any node; 0 where there are fewer nodes than wanted domains. Holes have the rank `FAR`."""
    fewest, nodes = FAR, 0
    for row in range(len(column)):
        hole = ranks[row] == FAR
        fewest = min(fewest, FAR if hole else column[row])
        nodes += 0 if hole else 1
    return fewest if nodes > 0 and nodes >= min_domains else 0


@leaf
def fewest_included(column: Any, included: Any, min_domains: int) -> int:
    """Return the same over the rows that count."""
    fewest, nodes = FAR, 0
    for row in range(len(column)):
        fewest = min(fewest, column[row] if included[row] >= 0 else FAR)
        nodes += 1 if included[row] >= 0 else 0
    return fewest if nodes > 0 and nodes >= min_domains else 0


@leaf
def make_room(which: int, parameters: Any, ops: Any, columns: Any, vectors: Any, sums: Any, ranks: Any, seen: Any) -> None:
    """Work these numbers out; when one has changed, every row of the class is judged again."""
    if parameters[ROW_FILTERS] == 0:
        return
    for number in range(parameters[OPS]):
        room = ops[number, ROOM]
        if ops[number, 0] == HARD_HOST:
            column, vector = columns[ops[number, 1]], ops[number, 3]
            fewest = fewest_pods(column, ranks, ops[number, 6]) if vector < 0 else fewest_included(column, vectors[vector], ops[number, 6])
            room = ops[number, 4] - ops[number, 5] + fewest
        elif ops[number, 0] == NEAR:
            room = 1 if parameters[FIRST_OF_GROUP] == 1 and is_empty_everywhere(ops, parameters[OPS], sums, columns) else 0
        if room != ops[number, ROOM]:
            ops[number, ROOM] = room
            seen[which] = -1
