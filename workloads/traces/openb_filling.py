"""The arrivals of "Beware of Fragmentation" (Weng et al., USENIX ATC 2023) as its program drew them: order, load and node ranks.

The pods come in random order, then more are drawn from them until their devices add up to a multiple of the cluster's. The original's
generator is an argument, and so are its draws for other things: left out, every later one would differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workloads.traces.go_random import GoRandom
from workloads.traces.openb import OpenbPod

DISCARDED_AFTER_SEEDING = 1
"""An argument of a debug line is drawn even when the line is not printed."""

DISCARDED_BEFORE_RANKS = 10
"""Each informer that starts there draws the timeout of its watch."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One pod that arrives.

    Parameters
    ----------
    name : str
        That of the recorded pod; copies end in `-tuned-0`, `-tuned-1`, ...
    pod : OpenbPod
        The recorded pod.
    """

    name: str
    pod: OpenbPod


@dataclass(frozen=True, slots=True)
class Filling:
    """One run's arrivals and ranks.

    Parameters
    ----------
    arrivals : tuple[Arrival, ...]
    ranks : tuple[int, ...]
        By node in the order of names: what decides among equal scores, the lowest first.
    """

    arrivals: tuple[Arrival, ...]
    ranks: tuple[int, ...]


def draw_filling(pods: Sequence[OpenbPod], nodes: int, *, target_milli: int, random: GoRandom) -> Filling:
    """Draw the arrivals and the nodes' ranks.

    Parameters
    ----------
    pods : sequence of OpenbPod
        The recorded pods, in any order.
    nodes : int
    target_milli : int
        How much the pods shall ask of devices together.
    random : GoRandom
        Freshly seeded.
    """
    for _ in range(DISCARDED_AFTER_SEEDING):
        random.uint64()
    by_name = sorted(pods, key=lambda pod: pod.name)
    arrivals = [Arrival(pod.name, pod) for pod in by_name]
    random.shuffle(arrivals)
    _tune(arrivals, by_name, target_milli, random)
    for _ in range(DISCARDED_BEFORE_RANKS):
        random.uint64()
    return Filling(tuple(arrivals), tuple(random.permutation(nodes)))


def device_milli(pod: OpenbPod) -> int:
    """Return what a pod asks of devices together."""
    return pod.devices * pod.milli_per_device


def _tune(arrivals: list[Arrival], by_name: Sequence[OpenbPod], target_milli: int, random: GoRandom) -> None:
    """Append copies, or take pods away, until the target is met."""
    requested = sum(device_milli(arrival.pod) for arrival in arrivals)
    while requested > target_milli:
        requested -= device_milli(arrivals.pop(random.intn(len(arrivals))).pod)
        if requested <= target_milli:
            return
    if requested == target_milli:
        return
    copies = 0
    while True:
        pod = by_name[random.intn(len(by_name))]
        # One device's share is looked at, not all: a pod with several can overshoot. The first that does not fit ends it, and
        # nothing else: also when the target is met exactly, one more is drawn.
        if requested + pod.milli_per_device > target_milli:
            return
        arrivals.append(Arrival(f"{pod.name}-tuned-{copies}", pod))
        requested += device_milli(pod)
        copies += 1
