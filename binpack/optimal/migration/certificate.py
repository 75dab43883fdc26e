"""The certificate of a plan: instance, today's placement, the placement after the moves, and the bound on the moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from binpack.optimal.certificate import SCHEMA, VERSION, names_of
from binpack.optimal.migration.fewest import FewestMoves
from binpack.optimal.migration.today import Content, Today, content_of


def moves_certificate(today: Today, found: FewestMoves, status: str, *, repeatable: bool) -> dict[str, Any]:
    """Write what was found as a document of integers.

    `today` lists the kinds of nodes: [node class, nodes, [[pod class, pods], ...]]; `placement` what nodes of a kind hold after the
    moves: [kind, nodes, content]. `target` is the most nodes of cost 1 that are in use then. The value of the one level is the moves.
    """
    problem = today.problem
    packing = found.packing
    moves = None if packing is None else today.moved(packing.held)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "goal": "moves",
        "status": status,
        "digest": problem.digest(),
        "instance": problem.canonical(),
        "names": names_of(problem),
        "relaxed": list(problem.relaxed),
        "target": found.target,
        "today": [[node_class, nodes, _pairs(content)] for node_class, nodes, content in today.kinds],
        "placement": _placement(today, found),
        "levels": [
            {
                "name": "moves",
                "rank": None,
                "value": moves,
                "bound": None if found.bound is None else {"value": found.bound.value, "proof": found.bound.proof.document()},
                "claimed": None,
            }
        ],
        "method": found.method,
        "repeatable": repeatable,
    }


def _placement(today: Today, found: FewestMoves) -> list[Any]:
    if found.packing is None:
        return []
    counted: dict[tuple[int, Content], int] = {}
    for kind, nodes in enumerate(today.kind_nodes):
        for node in nodes:
            content = content_of(np.asarray(found.packing.held[:, node]))
            if content:
                counted[kind, content] = counted.get((kind, content), 0) + 1
    return [[kind, nodes, _pairs(content)] for (kind, content), nodes in sorted(counted.items())]


def _pairs(content: Content) -> list[list[int]]:
    return [list(pair) for pair in content]
