"""Failures drawn at random, from a stream of their own for each node."""

from __future__ import annotations

from collections.abc import Iterable

from binpack.sim.streams import stream
from binpack.sim.timeline import FailNode, RecoverNode, TimelineEvent


def random_failures(
    node_names: Iterable[str], *, between_failures_us: int, to_repair_us: int, until_us: int, seed: int
) -> list[TimelineEvent]:  # fmt: skip
    """Let nodes fail and recover as a renewal process with exponential times.

    A node's failures depend on the seed and its name alone, so that another policy, or another node beside it, meets the same ones.

    Parameters
    ----------
    node_names : iterable of str
    between_failures_us, to_repair_us : int
        Means in microseconds.
    until_us : int
        Nothing happens at that time or later.
    seed : int
        The run's.

    Returns
    -------
    list of FailNode and RecoverNode
        In order of time.
    """
    events: list[TimelineEvent] = []
    for name in node_names:
        generator = stream(seed, f"faults/{name}")
        time_us = 0
        while True:
            time_us += max(int(generator.exponential(between_failures_us)), 1)
            if time_us >= until_us:
                break
            events.append(FailNode(time_us, name))
            time_us += max(int(generator.exponential(to_repair_us)), 1)
            if time_us >= until_us:
                break
            events.append(RecoverNode(time_us, name))
    return sorted(events, key=lambda event: event.time_us)
