"""A cluster that lives: nodes and pods come and go in any order, and after each step everything that must hold is checked.

Hypothesis finds the sequences of steps. In a test module:

    from binpack.testing.machine import ClusterMachine
    TestCluster = ClusterMachine.TestCase
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, TypeVar

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.status import Status
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cycle import Decision, SchedulingCycle
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster
from binpack.state.decision_invariants import Before, check_decision
from binpack.state.invariants import check_placement
from binpack.testing.hypothesis_import import stateful
from binpack.testing.hypothesis_import import strategies as st
from binpack.testing.owners import namespace
from binpack.testing.strategies.clusters import named
from binpack.testing.strategies.nodes import nodes
from binpack.testing.strategies.pods import FEATURES, Feature, pods

NAMESPACES = {"default": {"team": "a"}, "other": {"team": "b"}}

T = TypeVar("T")


class ClusterMachine(stateful.RuleBasedStateMachine):
    """Adds nodes and pods, schedules, removes, fails and cordons, and checks after each step.

    What is checked: a chosen node is legal for its pod by the independent checker, and a pod that is rejected fits nowhere by it;
    every placement stays legal; the columns equal those of a cluster built anew from the same objects; a fork leaves no trace.

    Attributes
    ----------
    features : collection of Feature
        What pods may have. Override in a subclass.
    """

    features: ClassVar[Collection[Feature]] = FEATURES

    def __init__(self) -> None:
        super().__init__()
        self.cluster = _with_namespaces(Cluster())
        self.cycle = SchedulingCycle(self.cluster, self.profiles(), tie_breaker=TieBreaker())
        self.nodes: dict[str, Node] = {}
        self.bound: dict[str, Pod] = {}
        self.waiting: dict[str, Pod] = {}
        self._made = 0

    @classmethod
    def profiles(cls) -> dict[str, Profile]:
        """Return the profiles to schedule by: the default one. Override to test other plugins."""
        return build_profiles(Registry(in_tree()))

    @stateful.initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Start with two nodes."""
        for _ in range(2):
            self._add_node(data)

    @stateful.rule(data=st.data())
    def add_node(self, data: st.DataObject) -> None:
        """Add a node."""
        self._add_node(data)

    @stateful.rule(data=st.data())
    def add_pods(self, data: st.DataObject) -> None:
        """Create up to three pods, and try each."""
        for drawn in data.draw(st.lists(pods(features=self.features), min_size=1, max_size=3)):
            pod = named(drawn, self._name("pod"))
            self.waiting[pod.key] = pod
            self._schedule(pod)

    @stateful.precondition(lambda self: self.waiting)
    @stateful.rule(which=st.integers(0, 20))
    def retry_pod(self, which: int) -> None:
        """Run one scheduling cycle for a pod that waits."""
        self._schedule(_one(self.waiting, which))

    @stateful.precondition(lambda self: self.bound)
    @stateful.rule(which=st.integers(0, 20))
    def remove_pod(self, which: int) -> None:
        """Delete a pod that is on a node."""
        pod = _one(self.bound, which)
        self.cluster.remove_pod(pod.key)
        del self.bound[pod.key]

    @stateful.precondition(lambda self: len(self.nodes) > 1)
    @stateful.rule(which=st.integers(0, 20))
    def fail_node(self, which: int) -> None:
        """Lose a node, but never the last one; its pods are made anew and wait."""
        node = _one(self.nodes, which)
        for pod in [pod for pod in self.bound.values() if pod.spec.node_name == node.name]:
            self.cluster.remove_pod(pod.key)
            del self.bound[pod.key]
            self.waiting[pod.key] = replace(pod, spec=replace(pod.spec, node_name=""))
        self.cluster.remove_node(node.name)
        del self.nodes[node.name]

    @stateful.precondition(lambda self: self.nodes)
    @stateful.rule(which=st.integers(0, 20))
    def cordon_or_uncordon(self, which: int) -> None:
        """Change whether a node takes new pods; those on it stay."""
        node = _one(self.nodes, which)
        changed = replace(node, spec=replace(node.spec, unschedulable=not node.spec.unschedulable))
        self.cluster.update_node(changed)
        self.nodes[node.name] = changed

    @stateful.precondition(lambda self: self.waiting or self.bound)
    @stateful.rule(which=st.integers(0, 20))
    def what_if(self, which: int) -> None:
        """Inside a fork, remove a node or a pod and place all that waits; afterwards everything is as before."""
        before = image(self.cluster)
        with self.cluster.fork():
            if self.nodes:
                self.cluster.remove_node(_one(self.nodes, which).name)
            elif self.bound:
                self.cluster.remove_pod(_one(self.bound, which).key)
            for pod in self.waiting.values():
                decision = self.cycle.decide(pod)
                if decision.node is not None:
                    self.cycle.commit(decision)
        assert image(self.cluster) == before, "a fork left a trace"

    @stateful.invariant()
    def every_placement_is_legal(self) -> None:
        """No node holds more than it can, no two pods one port, no pod stands where its own rules or taints forbid."""
        violations = check_placement(self.nodes.values(), self.bound.values())
        assert not violations, "; ".join(map(str, violations))

    @stateful.invariant()
    def columns_are_those_of_a_cluster_built_anew(self) -> None:
        """Whatever happened, the columns depend only on what there is."""
        fresh = _with_namespaces(Cluster())
        for node in self.nodes.values():
            fresh.add_node(node)
        for pod in self.bound.values():
            fresh.add_pod(pod, pod.spec.node_name)
        assert image(self.cluster) == image(fresh)

    def _add_node(self, data: st.DataObject) -> None:
        node = named(data.draw(nodes(tainted="tolerations" in self.features)), self._name("node"))
        self.cluster.add_node(node)
        self.nodes[node.name] = node

    def _schedule(self, pod: Pod) -> None:
        decision = self.cycle.decide(pod)
        self._judge(pod, decision)
        if decision.node is not None:
            assert not isinstance(self.cycle.commit(decision), Status)
            self.bound[pod.key] = replace(pod, spec=replace(pod.spec, node_name=decision.node))
            del self.waiting[pod.key]

    def _judge(self, pod: Pod, decision: Decision) -> None:
        if decision.failed:
            assert not self.nodes, f"the cycle of pod {pod.key} failed: {decision.message}"
            return
        before = Before(self.nodes, tuple(self.bound.values()), NAMESPACES)
        if decision.node is not None:
            violations = check_decision(before, pod, decision.node)
            assert not violations, "; ".join(map(str, violations))
            return
        fitting = [name for name in self.nodes if not check_decision(before, pod, name)]
        assert not fitting, f"pod {pod.key} was rejected ({decision.message}), and fits on {', '.join(fitting)}"

    def _name(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}-{self._made}"


def image(cluster: Cluster) -> dict[str, Any]:
    """Return what the columns say of each node, by name: comparable, whatever the order of rows and resources."""
    said: dict[str, Any] = {}
    for row in range(cluster.capacity):
        if not cluster.active[row]:
            continue
        node = cluster.node(row)
        amounts = {
            name: (int(cluster.allocatable[index, row]), int(cluster.requested[index, row]))
            for index, name in enumerate(cluster.resources.names)
            if cluster.allocatable[index, row] or cluster.requested[index, row]
        }
        counts = (int(cluster.pod_counts[row]), int(cluster.allowed_pods[row]), cluster.nonzero_requested[:, row].tolist())
        flags = (bool(cluster.unschedulable[row]), cluster.taint_sets[cluster.taint_set[row]])
        said[node.name] = (node, sorted(cluster.pods_on(row)), amounts, counts, flags)
    return said


def _with_namespaces(cluster: Cluster) -> Cluster:
    for name, labels in NAMESPACES.items():
        cluster.put(namespace(name, **labels))
    return cluster


def _one(items: dict[str, T], which: int) -> T:
    return list(items.values())[which % len(items)]
