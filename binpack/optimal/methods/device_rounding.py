"""A placement that allots much GPU: device patterns in whole numbers, spread over the nodes, and the gaps filled.

What pools cpu exactly does not come apart into nodes. So the program is solved again with more and more of it kept free, and the best
placement counts. Nothing is proven about it but that it is one: see `binpack.optimal.verify_device_placement`.
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
"""Of new patterns for each share."""


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


def device_placement(problem: DeviceProblem, program: DeviceProgram) -> DevicePlacement | None:
    """Look for a placement that allots as much as can be; None if none with all pods that must be placed was found.

    Parameters
    ----------
    problem : DeviceProblem
    program : DeviceProgram
        Of the problem, with the patterns that `device_bound` found. It is changed and of no further use for bounds.
    """
    best: Rooms | None = None
    for share in KEPT_FREE:
        program.keep_free(share)
        try:
            counts = _rounded(program)
        except InfeasibleError:
            # The pods that must be placed need more than is left; they will with a larger share, too.
            break
        rooms = _spread(problem, program.patterns, counts)
        rooms.fill()
        if rooms.misses:
            rooms.make_room()
            rooms.fill()
        if not rooms.misses and (best is None or rooms.milli > best.milli):
            best = rooms
    return None if best is None else DevicePlacement(best.milli, best.loads())


def _rounded(program: DeviceProgram) -> NDArray[np.int64]:
    """How often each pattern is used, rounded down."""
    solved = program.solve()
    for _ in range(ROUNDS):
        if not program.add_patterns(program.prices(solved)):
            break
        solved = program.solve()
    return np.floor(solved.columns + 1e-6).astype(np.int64)


def _spread(problem: DeviceProblem, patterns: tuple[Pattern, ...], counts: NDArray[np.int64]) -> Rooms:
    """Put patterns on nodes of their kind: most devices first, then most cpu, each where most cpu is left for each idle device."""
    rooms = Rooms(problem)
    pods = problem.pods
    for kind in range(len(problem.nodes)):
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
                devices = np.flatnonzero(rooms.free[node] == MILLI_PER_DEVICE)[: pattern.devices].tolist()
                for pod in pattern.pods:
                    # A pattern may hold more of a kind than there are.
                    if rooms.left[pod] > 0:
                        rooms.put(node, pod, devices)
    return rooms
