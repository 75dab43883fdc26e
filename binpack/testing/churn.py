"""Random lives of a cluster, drawn from one seed: the same for each of several ways of deciding, which must agree step by step.

Hypothesis draws the seed. What happens is drawn with numpy, many times faster, so that thousands of sequences can be tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from binpack.framework.profile import Profile
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.scheduler.cached_cycle import CachedCycle, Outcome
from binpack.testing.churn_pods import NAMESPACES, draw_templates, one_of
from binpack.testing.nodes import NodeBuilder, node
from binpack.testing.owners import namespace, service
from binpack.testing.values import HOSTNAME, NO_SCHEDULE, PREFER_NO_SCHEDULE

_REGULARITIES = ("regular", "zoned", "odd")


@dataclass(frozen=True)
class Step:
    """One thing that happened, and what each way of deciding made of it."""

    name: str
    answers: tuple[Any, ...]


class Churn:
    """Lets the same random things happen to several clusters.

    Parameters
    ----------
    cycles : sequence of CachedCycle
        One a cluster, all clusters empty.
    seed : int
    nodes : int
        How many to begin with.
    configurations : sequence of mappings from scheduler name to Profile
        What the cycles may be given under way; by default they keep what they have.
    """

    def __init__(
        self, cycles: Sequence[CachedCycle], seed: int, *, nodes: int = 12, configurations: Sequence[Mapping[str, Profile]] = ()
    ) -> None:
        self.cycles = cycles
        self._configurations = configurations
        self._draw = np.random.default_rng(seed)
        self._templates = draw_templates(self._draw)
        self._regularity = one_of(self._draw, _REGULARITIES)
        self._roomy = bool(self._draw.integers(2))
        self.nodes: dict[str, Node] = {}
        self.bound: dict[str, str] = {}
        self._made = 0
        for name in NAMESPACES:
            self._each(lambda cycle, name=name: cycle.cluster.put(namespace(name, team=name)))  # type: ignore[misc]
        for _ in range(nodes):
            self._add_node()

    def step(self) -> Step:
        """Let something happen."""
        kinds: tuple[Callable[[], Step], ...] = (
            self._tick,
            self._delete,
            self._change_node,
            self._what_if,
            self._join_or_leave,
            self._objects,
            self._configure,
        )
        return kinds[int(self._draw.choice(len(kinds), p=(0.48, 0.16, 0.1, 0.1, 0.08, 0.05, 0.03)))]()

    def _tick(self) -> Step:
        pods = self._pods(int(self._draw.integers(1, 13)))
        outcomes = [cycle.decide_tick(pods) for cycle in self.cycles]
        for outcome in outcomes[0]:
            if outcome.node is not None:
                self.bound[outcome.pod.key] = outcome.node
        return Step("tick", tuple(told(each) for each in outcomes))

    def _delete(self) -> Step:
        for _ in range(int(self._draw.integers(1, 5))):
            if self.bound:
                key = one_of(self._draw, sorted(self.bound))
                del self.bound[key]
                self._each(lambda cycle, key=key: cycle.cluster.remove_pod(key))  # type: ignore[misc]
        return Step("delete", ())

    def _change_node(self) -> Step:
        if not self.nodes:
            return Step("nothing", ())
        changed = self._drawn_node(one_of(self._draw, sorted(self.nodes)))
        self.nodes[changed.name] = changed
        self._each(lambda cycle: cycle.cluster.update_node(changed))
        return Step("change node", ())

    def _join_or_leave(self) -> Step:
        if self._draw.integers(2) or len(self.nodes) < 3:
            self._add_node()
            return Step("join", ())
        name = one_of(self._draw, sorted(self.nodes))
        del self.nodes[name]
        for key in [key for key, where in self.bound.items() if where == name]:
            del self.bound[key]
            self._each(lambda cycle, key=key: cycle.cluster.remove_pod(key))  # type: ignore[misc]
        self._each(lambda cycle: cycle.cluster.remove_node(name))
        return Step("leave", ())

    def _what_if(self) -> Step:
        """Take pods or a node away in a fork, place some; everything is undone."""
        pods = self._pods(int(self._draw.integers(1, 5)))
        victims = [key for key in sorted(self.bound) if self._draw.integers(4) == 0]
        leaving = one_of(self._draw, sorted(self.nodes)) if self._draw.integers(3) == 0 and len(self.nodes) > 1 else None

        def tried(cycle: CachedCycle) -> tuple[Any, ...]:
            with cycle.cluster.fork():
                for key in victims:
                    cycle.cluster.remove_pod(key)
                if leaving is not None:
                    cycle.cluster.remove_node(leaving)
                return told(cycle.decide_tick(pods))

        return Step("what if", tuple(tried(cycle) for cycle in self.cycles))

    def _objects(self) -> Step:
        name = f"service-{int(self._draw.integers(3))}"
        if self._draw.integers(3) == 0:
            self._each(lambda cycle: cycle.cluster.delete("Service", name, "default"))
        elif self._draw.integers(3) == 0:
            team = one_of(self._draw, NAMESPACES)
            self._each(lambda cycle: cycle.cluster.put(namespace("other", team=team)))
        else:
            selects = {one_of(self._draw, ("app", "tier")): one_of(self._draw, ("a", "b", "c"))}
            self._each(lambda cycle: cycle.cluster.put(service(name, selects)))
        return Step("objects", ())

    def _configure(self) -> Step:
        """Go on under another configuration."""
        if not self._configurations:
            return Step("nothing", ())
        profiles = one_of(self._draw, self._configurations)
        self._each(lambda cycle: setattr(cycle, "profiles", profiles))
        return Step("configure", ())

    def _pods(self, number: int) -> list[Pod]:
        pods = []
        for _ in range(number):
            template = one_of(self._draw, self._templates)
            self._made += 1
            pods.append(replace(template, metadata=replace(template.metadata, name=f"pod-{self._made}")))
        return pods

    def _add_node(self) -> None:
        self._made += 1
        added = self._drawn_node(f"node-{self._made}")
        self.nodes[added.name] = added
        self._each(lambda cycle: cycle.cluster.add_node(added))

    def _drawn_node(self, name: str) -> Node:
        draw, rate = self._draw, 4 if self._roomy else 2
        built = node(name).cpu(str(int(draw.integers(1, 5)) * rate)).memory(f"{int(draw.integers(2, 9)) * rate}Gi")
        built = built.pods(int(draw.integers(4, 40)))
        built = _labelled(built, name, self._regularity, draw)
        built = built.label(disk=one_of(draw, ("ssd", "hdd")))
        if draw.integers(6) == 0:
            built = built.taint("spot", effect=one_of(draw, (NO_SCHEDULE, PREFER_NO_SCHEDULE)))
        if draw.integers(8) == 0:
            built = built.cordon()
        if draw.integers(4) == 0:
            built = built.image("web:latest", size="400Mi")
        if draw.integers(4) == 0:
            built = built.resource("example.com/gpu", int(draw.integers(1, 5)))
        return built.build()

    def _each(self, act: Callable[[CachedCycle], Any]) -> None:
        for cycle in self.cycles:
            act(cycle)


def told(outcomes: Sequence[Outcome]) -> tuple[Any, ...]:
    """Return what is compared: node and, for a pod that was not placed, the message, who rejected it, and what preemption found."""
    return tuple((outcome.pod.key, outcome.node, _why(outcome)) for outcome in outcomes)


def _why(outcome: Outcome) -> tuple[Any, ...] | None:
    decision = outcome.decision
    if outcome.node is not None or decision is None:
        return None
    found = decision.post_filter
    preemption = None if found is None else (found.nominated_node, tuple(victim.key for victim in found.victims))
    return decision.message, decision.rejecting_plugins, preemption


def _labelled(built: NodeBuilder, name: str, regularity: str, draw: np.random.Generator) -> NodeBuilder:
    """Regular: every node has a host name and one of three zones. Zoned: some have no zone. Odd: host names are shared or missing."""
    if regularity == "odd":
        built = built.label({HOSTNAME: f"host-{int(draw.integers(6))}"}) if draw.integers(3) else built.without_labels()
    if regularity == "regular" or draw.integers(3):
        built = built.zone(f"zone-{int(draw.integers(3))}")
    if draw.integers(2):
        built = built.label(rack=f"rack-{int(draw.integers(5))}")
    return built
