"""A placement that allots much GPU: device patterns in whole numbers, spread over the nodes, and the gaps filled.

What pools cpu exactly does not come apart into nodes. So the program is solved with more and more of it kept free, then again for what is
left, where only nodes with idle devices count, until nothing more comes of it. The nodes that waste something in the best placement are
emptied together with some others and filled again in the same way, again and again (ruin and recreate, Schrimpf and others 2000). Nothing
is proven about it but that it is a placement: see `binpack.optimal.verify_device_placement`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import InfeasibleError
from binpack.model.devices import MILLI_PER_DEVICE
from binpack.optimal.device_problem import DeviceProblem
from binpack.optimal.device_program import DeviceProgram, Pattern
from binpack.optimal.device_rooms import Rooms

PLACEMENT = "binpack/device-placement"

KEPT_FREE = (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2)
"""Shares of cpu and memory."""

ROUNDS = 5
"""Of new patterns each time."""

IMPROVEMENTS = 60
MOST_EMPTIED = 80
MOST_PASSES = 12
"""Programs for what is left, after the first one of each share."""


@dataclass(frozen=True, slots=True)
class DevicePlacement:
    """A placement.

    Parameters
    ----------
    milli : int
        What it allots.
    loads : list
        As `Rooms.loads` has it.
    """

    milli: int
    loads: list[list[Any]]

    def document(self, problem: DeviceProblem) -> dict[str, Any]:
        """Return a document that `binpack.optimal.verify_device_placement.verify_device_placement` checks."""
        return {
            "schema": PLACEMENT,
            "version": 1,
            "digest": problem.digest(),
            "instance": problem.canonical(),
            "milli": self.milli,
            "loads": self.loads,
        }


def device_placement(
    problem: DeviceProblem, program: DeviceProgram, *, enough: int | None = None, improvements: int = IMPROVEMENTS
) -> DevicePlacement | None:
    """Look for a placement that allots as much as can be; None if none with all pods that must be placed was found.

    Parameters
    ----------
    problem : DeviceProblem
    program : DeviceProgram
        Of the problem, with the patterns that `device_bound` found. It is changed and of no further use for bounds.
    enough : int, optional
        Milli at which to stop: the bound.
    improvements : int
        How often some nodes are emptied and filled again after that.
    """
    best: Rooms | None = None
    for share in KEPT_FREE:
        for kept_later in (0.0, share) if share else (0.0,):
            try:
                rooms = _placed(problem, program, share, kept_later)
            except InfeasibleError:
                # The pods that must be placed need more than is left; they will with a larger share, too.
                return _answer(best, program, enough, improvements)
            if not rooms.misses and (best is None or rooms.milli > best.milli):
                best = rooms
    return _answer(best, program, enough, improvements)


def _answer(best: Rooms | None, program: DeviceProgram, enough: int | None, improvements: int) -> DevicePlacement | None:
    if best is None:
        return None
    best = _improved(best, program, enough, improvements)
    return DevicePlacement(best.milli, best.loads())


def _placed(problem: DeviceProblem, program: DeviceProgram, share: float, kept_later: float) -> Rooms:
    """One placement: a share of cpu and memory kept free at first, another one afterwards."""
    rooms = Rooms(problem)
    program.keep_free(share)
    counts = _rounded(program)
    if _spread(rooms, program.patterns, counts):
        _place_rest(rooms, program, kept_later)
    rooms.fill()
    if rooms.misses:
        rooms.make_room()
        rooms.fill()
    return rooms


def _place_rest(rooms: Rooms, program: DeviceProgram, share: float) -> None:
    """Solve for what is left, on nodes with idle devices, until nothing more comes of it."""
    for _ in range(MOST_PASSES):
        pods, devices, cpu, memory = rooms.rest()
        program.ask_for_rest(pods, devices, [(1 - share) * amount for amount in cpu], [(1 - share) * amount for amount in memory])
        counts = _rounded(program)
        if not _spread(rooms, program.patterns, counts):
            return


def _improved(rooms: Rooms, program: DeviceProgram, enough: int | None, improvements: int) -> Rooms:
    """Empty the nodes with unused devices and some others of their kinds, and fill them again, as long as it does not get worse."""
    generator = np.random.default_rng(0)
    for _ in range(improvements):
        if enough is not None and rooms.milli >= enough:
            break
        wasteful = np.flatnonzero(rooms.unused)
        if not wasteful.size:
            break
        alike = np.flatnonzero(np.isin(rooms.kinds, rooms.kinds[wasteful]) & (rooms.unused == 0))
        count = min(alike.size, int(generator.integers(MOST_EMPTIED // 8, MOST_EMPTIED + 1)))
        chosen = np.concatenate([wasteful, generator.permutation(alike)[:count]])
        again = rooms.copy()
        again.clear(chosen)
        _place_rest(again, program, float(generator.choice(KEPT_FREE)))
        again.fill()
        if not again.misses and again.milli >= rooms.milli:
            rooms = again
    return rooms


def _rounded(program: DeviceProgram) -> NDArray[np.int64]:
    """How often each pattern is used, rounded down."""
    solved = program.solve()
    for _ in range(ROUNDS):
        if not program.add_patterns(program.prices(solved)):
            break
        solved = program.solve()
    return np.floor(solved.columns + 1e-6).astype(np.int64)


def _spread(rooms: Rooms, patterns: tuple[Pattern, ...], counts: NDArray[np.int64]) -> int:
    """Put patterns on nodes of their kind: most devices first, then most cpu, each where most cpu is left for each idle device.

    Return how many were put.
    """
    pods = rooms.problem.pods
    placed = 0
    for kind in range(len(rooms.problem.nodes)):
        nodes = np.flatnonzero(rooms.kinds == kind)
        used = [
            (pattern, sum(pods[i].cpu for i in pattern.pods), sum(pods[i].memory for i in pattern.pods), int(count))
            for pattern, count in zip(patterns, counts, strict=True)
            if pattern.node == kind and count > 0
        ]
        used.sort(key=lambda one: (-one[0].devices, -one[1], -one[2], one[0].pods))
        for pattern, cpu, memory, count in used:
            for _ in range(count):
                idle = (rooms.free[nodes] == MILLI_PER_DEVICE).sum(axis=1)
                fitting = (rooms.cpu[nodes] >= cpu) & (rooms.memory[nodes] >= memory) & (idle >= pattern.devices)
                if not fitting.any():
                    break
                cpu_each = rooms.cpu[nodes] // np.maximum(idle, 1) if pattern.devices else rooms.cpu[nodes]
                node = int(nodes[np.argmax(np.where(fitting, cpu_each, -1))])
                placed += 1
                devices = np.flatnonzero(rooms.free[node] == MILLI_PER_DEVICE)[: pattern.devices].tolist()
                for pod in pattern.pods:
                    # A pattern may hold more of a kind than there are.
                    if rooms.left[pod] > 0:
                        rooms.put(node, pod, devices)
    return placed
