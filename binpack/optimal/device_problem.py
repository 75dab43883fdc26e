"""The most GPU that can be allotted: pods with devices and shares of them, on nodes in classes.

A share comes out of one device, a whole device is taken whole; cpu and memory count by node class. See `methods/device_patterns.py`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

SCHEMA = "binpack/device-instance"


@dataclass(frozen=True, slots=True)
class PodKind:
    """Pods that are alike.

    Parameters
    ----------
    cpu, memory : int
        Milli-cores and bytes.
    milli : int
        Of each device; 0 without devices, 1000 for whole ones.
    devices : int
    count : int
        How many there are.
    must_place : bool
        All have to be placed.
    """

    cpu: int
    memory: int
    milli: int
    devices: int
    count: int
    must_place: bool = False

    @property
    def value(self) -> int:
        """What one of them allots, in milli."""
        return self.milli * self.devices


@dataclass(frozen=True, slots=True)
class NodeKind:
    """Nodes that are alike.

    Parameters
    ----------
    cpu, memory : int
        Of one node: milli-cores and bytes.
    devices : int
        Of one node, each with 1000 milli.
    count : int
        How many there are.
    """

    cpu: int
    memory: int
    devices: int
    count: int


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """An instance.

    Parameters
    ----------
    pods : tuple[PodKind, ...]
    nodes : tuple[NodeKind, ...]
    eligible : tuple[tuple[bool, ...], ...]
        By kind of pod and kind of node: whether the filters that look at nothing that changes let it there.
    """

    pods: tuple[PodKind, ...]
    nodes: tuple[NodeKind, ...]
    eligible: tuple[tuple[bool, ...], ...]

    def canonical(self) -> dict[str, Any]:
        """Return the instance as lists of integers: what the digest covers, and what a certificate carries."""
        return {
            "schema": SCHEMA,
            "pods": [[pod.cpu, pod.memory, pod.milli, pod.devices, pod.count, int(pod.must_place)] for pod in self.pods],
            "nodes": [[node.cpu, node.memory, node.devices, node.count] for node in self.nodes],
            "eligible": [[int(fits) for fits in row] for row in self.eligible],
        }

    def digest(self) -> str:
        """Return the SHA-256 of the instance, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.canonical(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()
