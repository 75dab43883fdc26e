"""Explanations: the decision and the columns agree, whatever the cluster."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.model.pod import Pod, TopologySpreadConstraint
from binpack.plugins import in_tree
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.explain import explain_pod
from binpack.scheduler.explanation import Explanation, NodeState
from binpack.scheduler.explanation_text import explanation_text, matrix_text
from binpack.scheduler.snapshot import build_cluster
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.testing import NodeBuilder, PodBuilder, expression, node, pod, selector


def explained(*builders: NodeBuilder | PodBuilder, of: PodBuilder, config: dict[str, Any] | None = None) -> Explanation:
    registry = Registry(in_tree())
    header = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}
    profiles = build_profiles(registry, None if config is None else resolve_document(header | config, registry))
    cluster = build_cluster([one.build() for one in builders])
    cycle = SchedulingCycle(cluster, profiles, tie_breaker=TieBreaker(), score_single=True, preemption=True)
    return explain_pod(cycle, of.build(), ties=Ties.FIRST)


def column(explanation: Explanation, plugin: str) -> list[str]:
    found = next(one for one in explanation.filters if one.plugin == plugin)
    statuses = [found.status(position) for position in range(len(explanation.nodes))]
    return ["" if status is None else ", ".join(status.reasons) for status in statuses]


def test_nodes_come_in_natural_order():
    assert explained(node("n10"), node("n9"), node("a"), of=pod()).nodes == ("a", "n9", "n10")


def test_every_plugin_is_asked_alone():
    explanation = explained(node("a"), node("b").cpu("1").cordon().taint("gpu"), of=pod().request(cpu="2"))
    assert column(explanation, "NodeUnschedulable") == ["", "node(s) were unschedulable"]
    assert column(explanation, "TaintToleration") == ["", "node(s) had untolerated taint(s)"]
    assert column(explanation, "NodeResourcesFit") == ["", "Insufficient cpu"]
    assert [(group.plugin, group.nodes) for group in explanation.groups] == [("NodeUnschedulable", ("b",))]


def test_a_shortlist_leaves_out_what_the_plugin_itself_would_have_let_pass():
    explanation = explained(node("a"), node("b"), of=pod().requires_node_named("a"))
    assert explanation.states == (NodeState.FEASIBLE, NodeState.REJECTED)
    assert column(explanation, "NodeAffinity")[0] == ""
    assert column(explanation, "NodeAffinity")[1] != ""
    assert explanation.groups[0].plugin == "NodeAffinity"


def test_a_rejection_on_all_nodes_leaves_the_other_columns():
    explanation = explained(node("a"), node("b").cpu("1"), of=pod().claim("nowhere").request(cpu="2"))
    assert explanation.states == (NodeState.REJECTED, NodeState.REJECTED)
    (group,) = explanation.groups
    assert group.nodes == ("a", "b")
    assert column(explanation, "NodeResourcesFit") == ["", "Insufficient cpu"]


def test_ranks_are_shared_by_equals_and_the_chosen_one_comes_first():
    explanation = explained(node("b"), node("a"), node("c").cpu("2"), of=pod().request(cpu="1"))
    assert explanation.ranks.tolist() == [1, 1, 3]
    assert [explanation.nodes[position] for position in explanation.best()] == ["a", "b", "c"]
    assert explanation.node == "a"


def test_an_only_feasible_node_is_scored():
    explanation = explained(node("a"), node("b").cordon(), of=pod())
    assert explanation.score is not None
    assert explanation.score > 0


def test_a_sample_leaves_nodes_unseen():
    config = {"percentageOfNodesToScore": 1, "profiles": [{"schedulerName": "default-scheduler"}]}
    explanation = explained(*[node(f"n{i}") for i in range(150)], of=pod(), config=config)
    assert [explanation.count(state) for state in NodeState] == [100, 0, 50]


def test_a_cycle_that_fails_says_with_what():
    broken = TopologySpreadConstraint(1, "zone", "DoNotSchedule", selector(None, expression("app", "Nonsense")))
    explanation = explained(node("a"), of=pod().with_spread(broken))
    assert explanation.decision.failed
    assert explanation.message is not None
    assert "the cycle fails" in explanation_text(explanation)
    assert "error" in {row["verdict"] for row in explanation.rows()}


def test_skipping_plugins_are_told_apart_from_passing_ones():
    rows = {row["plugin"]: row for row in explained(node("a"), of=pod()).rows()}
    assert rows["NodePorts"]["verdict"] == "skips"
    assert rows["TaintToleration"]["verdict"] == "passes"
    assert rows["ImageLocality"]["verdict"] is None
    assert rows["NodePorts"]["score"] is None


@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.booleans(), st.sampled_from(["", "gpu", "spot"]), st.sampled_from("ab")), min_size=1, max_size=8
    ),
    st.integers(0, 6),
    st.sampled_from(["", "gpu"]),
    st.sampled_from(["", "a", "b", "c"]),
)
def test_decision_and_columns_agree(nodes, cpu, tolerated, zone):
    built = []
    for number, (cores, cordoned, taint, where) in enumerate(nodes):
        one = node(f"n{number}").cpu(str(cores)).zone(where)
        one = one.cordon() if cordoned else one
        built.append(one.taint(taint) if taint else one)
    wanted = pod("p").request(cpu=str(cpu))
    wanted = wanted.tolerates(tolerated) if tolerated else wanted
    wanted = wanted.selects(**{"topology.kubernetes.io/zone": zone}) if zone else wanted
    explanation = explained(*built, of=wanted)
    feasible = np.array([state is NodeState.FEASIBLE for state in explanation.states])
    rejects = np.array([[one.status(i) is not None for one in explanation.filters] for i in range(len(explanation.nodes))])
    assert (feasible == ~rejects.any(axis=1)).all()
    assert (feasible == (explanation.ranks > 0)).all()
    assert sorted(name for group in explanation.groups for name in group.nodes) == sorted(np.array(explanation.nodes)[~feasible])
    assert (sum(one.scores for one in explanation.scores)[feasible] == explanation.totals[feasible]).all()
    if feasible.any():
        assert explanation.ranks[explanation.position(explanation.node)] == 1
    else:
        assert explanation.message.startswith(f"0/{len(nodes)} nodes are available")
    assert max(map(len, explanation_text(explanation).splitlines())) <= 100
    assert matrix_text(explanation)


def test_explaining_changes_nothing():
    registry = Registry(in_tree())
    cluster = build_cluster([node("a").build(), pod("there").request(cpu="1").on("a").build()])
    before = cluster.requested.copy()
    cycle = SchedulingCycle(cluster, build_profiles(registry), tie_breaker=TieBreaker(), score_single=True, preemption=True)
    explain_pod(cycle, Pod(spec=pod("p").request(cpu="99").build().spec), ties=Ties.FIRST)
    assert (cluster.requested == before).all()


@pytest.mark.parametrize("top", [1, 3, 50])
def test_the_number_of_nodes_shown(top):
    text = explanation_text(explained(*[node(f"n{i}") for i in range(10)], of=pod()), top=top)
    assert len(re.findall(r"^ +\d+  n\d", text, re.MULTILINE)) == min(top, 10)
