"""The certificate of a set of evictions, and what can be said of it once it was checked."""

from __future__ import annotations

import json
from typing import Any

from binpack.optimal.answer import Answer
from binpack.optimal.eviction_rooms import Room, Rooms
from binpack.optimal.evictions import Evictions, Victims
from binpack.optimal.progress import relative_gap
from binpack.optimal.solution import Status
from binpack.optimal.verify_eviction_instance import read_eviction_instance
from binpack.optimal.verify_eviction_search import Key, least_key
from binpack.optimal.verify_evictions import LEVELS, level_bounds, verify_evictions
from binpack.optimal.verify_instance import digest_of

SCHEMA = "binpack/evictions"
VERSION = 1
SEARCH = "exhaustive search"


def checked_evictions(found: Evictions) -> Answer:
    """Write the certificate, check it, and say what follows.

    Returns
    -------
    Answer
        Objective and bound are (broken budgets, evictions, sum of priorities), in the order in which they count.
    """
    if found.rooms is None:
        return Answer(Status.UNKNOWN, None, None, None, None, False, {})
    classing = _Classing(found, found.rooms)
    instance = classing.instance()
    key, chosen, node = classing.value()
    least = least_key(read_eviction_instance(instance), key)
    bounds = level_bounds(least, key)
    impossible = least.key is None
    levels = []
    for number, (name, bound) in enumerate(zip(LEVELS, bounds, strict=True)):
        proof = {"value": bound, "proof": {"kind": "search"}} if impossible or bound is not None else None
        claimed = {"solver": SEARCH, "value": key[number]} if found.proven and key is not None and bound != key[number] else None
        levels.append({"name": name, "value": None if key is None else key[number], "bound": proof, "claimed": claimed})
    status = Status.OPTIMAL if key is not None and least.exact and least.key == key else Status.FEASIBLE
    if key is None:
        status = Status.INFEASIBLE if impossible else Status.UNKNOWN
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "goal": "evictions",
        "kind": "search" if levels[0]["bound"] else "claimed" if levels[0]["claimed"] else None,
        "status": str(status),
        "digest": digest_of(instance),
        "pod": found.pod.key,
        "instance": instance,
        "names": classing.names(),
        "closed": [list(pair) for pair in found.rooms.closed],
        "node": node,
        "victims": chosen,
        "on": None if key is None else classing.place,
        "evicted": [] if found.best is None else [pod.key for pod in found.best.pods],
        "levels": levels,
    }
    verdict = verify_evictions(json.loads(json.dumps(document)))
    gaps = [_gap(level.value, level.proven) for level in verdict.levels if not level.optimal]
    return Answer(
        status=status,
        objective=key,
        bound=None if key is None else tuple(bounds),
        gap=None if key is None else (gaps[0] if gaps else 0.0),
        kind=document["kind"],
        verified=verdict.verified,
        document=document,
    )


class _Classing:
    """Equal pods put together, and equal nodes."""

    def __init__(self, found: Evictions, rooms: Rooms) -> None:
        self._found, self._rooms = found, rooms
        charged = {pod.key: tuple(n for n, budget in enumerate(found.budgets) if budget.charges(pod)) for r in rooms.open for pod in r.pods}
        kinds = [[(pod.priority, gives, charged[pod.key]) for pod, gives in zip(room.pods, room.gives, strict=True)] for room in rooms.open]
        self._classes = sorted({kind for row in kinds for kind in row})
        number = {kind: n for n, kind in enumerate(self._classes)}
        self._class_of = {
            pod.key: number[kind] for room, row in zip(rooms.open, kinds, strict=True) for pod, kind in zip(room.pods, row, strict=True)
        }
        self._nodes: dict[tuple[Any, ...], list[str]] = {}
        for room in rooms.open:
            self._nodes.setdefault(self._content(room), []).append(room.node)

    @property
    def place(self) -> str:
        """The node that takes the pod."""
        best = self._found.best
        return self._found.fits or ("" if best is None else best.node)

    def instance(self) -> dict[str, Any]:
        return {
            "version": 1,
            "need": list(self._rooms.need),
            "classes": [{"priority": p, "gives": list(gives), "budgets": list(budgets)} for p, gives, budgets in self._classes],
            "budgets": [budget.allowed for budget in self._found.budgets],
            "nodes": [
                {"count": len(nodes), "free": list(free), "pods": [list(item) for item in pods]}
                for (free, pods), nodes in self._nodes.items()
            ],
        }

    def names(self) -> dict[str, Any]:
        return {
            "resources": list(self._rooms.resources),
            "budgets": [budget.key for budget in self._found.budgets],
            "nodes": list(self._nodes.values()),
        }

    def value(self) -> tuple[Key | None, list[int] | None, int | None]:
        """What the victims amount to, their classes, and the node class."""
        best = self._found.best if self._found.fits is None else Victims(self._found.fits, (), 0)
        if best is None:
            return None, None, None
        node = next(number for number, nodes in enumerate(self._nodes.values()) if best.node in nodes)
        return best.key, [self._class_of[pod.key] for pod in best.pods], node

    def _content(self, room: Room) -> tuple[Any, ...]:
        counted: dict[int, list[int]] = {}
        blockers = self._found.blockers.get(room.node, frozenset())
        for pod in room.pods:
            item = counted.setdefault(self._class_of[pod.key], [0, 0])
            item[0] += 1
            item[1] += pod.key in blockers
        return room.free, tuple((one, pods, forced) for one, (pods, forced) in sorted(counted.items()))


def _gap(value: int | None, bound: int | None) -> float | None:
    """As a fraction; a sum of priorities may be below zero, where fractions say nothing."""
    return relative_gap(value, bound) if min(value or 0, bound or 0) >= 0 else None
