"""Timelines: the scheduling queue with its hints, driven by events on a virtual clock.

A timeline runs free: the first difference spoils what follows, and attempts that should not be there count as further decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from binpack.conformance.agreement import Comparison
from binpack.conformance.scenario import Scenario, read_object
from binpack.conformance.way import Way, choose, make_cycle
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.scheduler.cycle import Decision
from binpack.scheduler.event_handlers import EventHandlers
from binpack.scheduler.queue import QueuedPod, SchedulingQueue
from binpack.scheduler.ties import TieBreaker
from binpack.units import US_PER_MS

ATTEMPT_US = US_PER_MS
"""How long an attempt takes on the virtual clock."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What our scheduler did, in the words of the recording.

    Parameters
    ----------
    attempts : list[dict]
        In order: `at_ms`, `pod`, and `node` or `plugins` and `message`.
    queues : list[dict]
        The queue after each event, and at the end.
    """

    attempts: list[dict[str, Any]]
    queues: list[dict[str, Any]]


def run_timeline(scenario: Scenario, registry: Registry, way: Way = Way.PLAIN) -> list[Comparison]:
    """Replay a timeline and compare every attempt and every snapshot of the queue."""
    return compare(scenario.name, scenario.expected, replay(scenario, registry, way))


def replay(scenario: Scenario, registry: Registry, way: Way = Way.PLAIN) -> Replay:
    """Run the scheduler through the events of a timeline."""
    run = _Run(scenario, registry, way)
    queues = []
    for event in scenario.record["events"]:
        run.advance(event["at_ms"] * US_PER_MS)
        run.apply(event)
        run.schedule()
        queues.append(run.snapshot())
    run.advance(scenario.record["end_ms"] * US_PER_MS)
    queues.append(run.snapshot())
    return Replay(run.attempts, queues)


def compare(name: str, expected: dict[str, Any], ours: Replay) -> list[Comparison]:
    """Compare attempt by attempt. A snapshot of the queue is charged to the last attempt before it."""
    differences: list[dict[str, str]] = []
    labels: list[str] = []
    for recorded, own in zip_longest(expected["attempts"], ours.attempts):
        labels.append("{at_ms} ms {pod}".format(**(recorded or own)))
        differences.append(_attempt_differences(recorded, own))
    for recorded, own in zip_longest(expected["queues"], ours.queues):
        if recorded != own:
            if not differences:
                labels.append("no attempt")
                differences.append({})
            at_ms = (recorded or own)["at_ms"]
            before = sum(attempt["at_ms"] < at_ms for attempt in expected["attempts"])
            differences[max(before - 1, 0)].setdefault("queues", f"recorded {recorded}, ours {own}")
    return [Comparison(name, label, found) for label, found in zip(labels, differences, strict=True)]


def _attempt_differences(recorded: dict[str, Any] | None, own: dict[str, Any] | None) -> dict[str, str]:
    if recorded is None or own is None:
        return {"attempts": f"recorded {recorded}, ours {own}"}
    found = {}
    # Who rejected a pod that failed with an error is nobody, written or left out.
    if any((recorded.get(key) or None) != (own.get(key) or None) for key in ("at_ms", "pod", "node", "plugins")):
        found["attempts"] = f"recorded {recorded}, ours {own}"
    if recorded.get("message") != own.get("message"):
        found["message"] = f"recorded {recorded.get('message')!r}, ours {own.get('message')!r}"
    return found


class _Run:
    """One scheduler, its view of the cluster, and a clock in microseconds."""

    def __init__(self, scenario: Scenario, registry: Registry, way: Way) -> None:
        self.cluster = scenario.cluster()
        profiles = scenario.profiles(registry)
        self.way = way
        self.cycle = make_cycle(way, self.cluster, profiles, tie_breaker=TieBreaker())
        self.queue = SchedulingQueue(profiles)
        self.handlers = EventHandlers(self.cluster, self.queue)
        self.pods = {pod.key: pod for pod, _ in self.cluster.pods()}
        self.now_us = 0
        self.attempts: list[dict[str, Any]] = []

    @property
    def now_ms(self) -> int:
        return self.now_us // US_PER_MS

    def advance(self, to_us: int) -> None:
        """Let time pass, and do what is due at the full seconds on the way. Attempts may have taken the clock further already."""
        while (flush_us := self.queue.next_flush_us(self.now_us)) is not None and flush_us <= to_us:
            self.now_us = flush_us
            self.queue.flush(flush_us, self.cluster)
            self.schedule()
        self.now_us = max(self.now_us, to_us)

    def schedule(self) -> None:
        """Try pods until there is none left to be tried."""
        while (queued := self.queue.pop()) is not None:
            at_ms = self.now_ms
            decision = self.cycle.decide(queued.pod) if self.way is Way.PLAIN else choose(self.cycle, queued.pod)
            self.now_us += ATTEMPT_US
            self.attempts.append(self._conclude(at_ms, queued, decision))

    def apply(self, event: dict[str, Any]) -> None:
        """Let one recorded event happen."""
        match event["op"]:
            case "addPod":
                self._change(None, read_object(event["pod"], Pod))
            case "updatePod":
                self._update_pod(read_object(event["pod"], Pod))
            case "deletePod":
                self._change(self.pods.get(event["name"]), None)
            case "addNode":
                self.handlers.handle(None, read_object(event["node"], Node), self.now_us)
            case "updateNode":
                self._update_node(read_object(event["node"], Node))
            case "deleteNode":
                self._delete_node(event["name"])
            case other:
                raise ValueError(f"op {other!r} is not known (accepted: addPod, updatePod, deletePod, addNode, updateNode, deleteNode)")

    def snapshot(self) -> dict[str, Any]:
        pending = self.queue.pending()
        return {
            "at_ms": self.now_ms,
            "active": list(pending.active),
            "backoff": list(pending.backoff),
            "unschedulable": list(pending.unschedulable),
        }

    def _conclude(self, at_ms: int, queued: QueuedPod, decision: Decision) -> dict[str, Any]:
        attempt: dict[str, Any] = {"at_ms": at_ms, "pod": queued.key}
        if decision.node is not None:
            self.cycle.commit(decision)
            self.queue.done(queued)
            self._change(queued.pod, _on(queued.pod, decision.node))
            return attempt | {"node": decision.node}
        if decision.failed:
            self.queue.requeue_error(queued, self.now_us, self.cluster)
        else:
            self.queue.requeue_unschedulable(queued, decision.rejecting_plugins, self.now_us, self.cluster)
        return attempt | {"plugins": list(decision.rejecting_plugins), "message": decision.message}

    def _change(self, before: Pod | None, after: Pod | None) -> None:
        if before is None and after is None:
            return
        if after is not None:
            self.pods[after.key] = after
        elif before is not None:
            del self.pods[before.key]
        self.handlers.handle(before, after, self.now_us)

    def _update_pod(self, after: Pod) -> None:
        before = self.pods.get(after.key)
        if before is not None:
            self._change(before, _on(after, before.spec.node_name))

    def _update_node(self, after: Node) -> None:
        row = self.cluster.row_of(after.name)
        if row is not None:
            self.handlers.handle(self.cluster.node(row), after, self.now_us)

    def _delete_node(self, name: str) -> None:
        row = self.cluster.row_of(name)
        if row is None:
            return
        # The node's pods vanish with it, and no event tells of them.
        for key in self.cluster.pods_on(row):
            self.cluster.remove_pod(key)
            del self.pods[key]
        self.handlers.handle(self.cluster.node(row), None, self.now_us)


def _on(pod: Pod, node_name: str) -> Pod:
    return replace(pod, spec=replace(pod.spec, node_name=node_name))
