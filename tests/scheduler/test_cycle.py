"""The scheduling cycle as a whole: verdicts, messages, ties, nominations and preemption."""

from __future__ import annotations

from typing import Any

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.framework.status import unresolvable
from binpack.plugins import in_tree
from binpack.scheduler.cycle import Decision, SchedulingCycle
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.testing import NodeBuilder, PodBuilder, budget, node, pod


def cycle_over(*nodes: NodeBuilder, config: dict[str, Any] | None = None, ties: Ties = Ties.FIRST, **options: Any) -> SchedulingCycle:
    cluster = Cluster()
    for each in nodes:
        cluster.add_node(each.build())
    registry = Registry(in_tree())
    header = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}
    profiles = build_profiles(registry, None if config is None else resolve_document(header | config, registry))
    return SchedulingCycle(cluster, profiles, tie_breaker=TieBreaker(ties), **options)


def place(cycle: SchedulingCycle, builder: PodBuilder) -> Decision:
    decision = cycle.decide(builder.build())
    if decision.node is not None:
        cycle.commit(decision)
    return decision


def test_no_nodes_is_a_failure_and_not_a_rejection() -> None:
    decision = cycle_over().decide(pod("p").build())
    assert decision.failed
    assert decision.message == "no nodes available to schedule pods"


def test_a_pod_of_another_scheduler_fails_with_the_known_names() -> None:
    decision = cycle_over(node("n")).decide(pod("p").scheduler("other").build())
    assert decision.failed
    assert decision.message is not None
    assert 'no profile for scheduler "other" (accepted: default-scheduler)' in decision.message


def test_an_only_feasible_node_is_taken_unscored() -> None:
    decision = cycle_over(node("a").cordon(), node("b")).decide(pod("p").build())
    assert decision.node == "b"
    assert decision.scoring is None


def test_the_reference_node_scores_460() -> None:
    """3 × 100 for the taints, 70 for the fit, 90 for the balance."""
    cycle = cycle_over(node("n").cpu("4").memory("16Gi").pods(110), score_single=True)
    place(cycle, pod("p1").request(cpu="1", memory="2Gi"))
    place(cycle, pod("p2"))
    decision = cycle.decide(pod("p").request(cpu="500m", memory="1Gi").build())
    assert decision.scoring is not None
    assert decision.scoring.totals.tolist() == [460]


def test_the_message_counts_each_reason_over_nodes_and_sorts_as_text() -> None:
    nodes = [node(f"small-{i:02}").cpu("1") for i in range(10)] + [node("cordoned-1").cordon(), node("cordoned-2").cordon()]
    decision = cycle_over(*nodes).decide(pod("p").request(cpu="2").build())
    assert decision.message == "0/12 nodes are available: 10 Insufficient cpu, 2 node(s) were unschedulable."


def test_a_shortlist_names_the_plugin_for_every_other_node() -> None:
    decision = cycle_over(node("a").cpu("1"), node("b"), node("c")).decide(pod("p").requires_node_named("a").request(cpu="2").build())
    assert decision.message == "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    assert decision.rejecting_plugins == ("NodeAffinity", "NodeResourcesFit")


def test_pinned_pods_rotate_the_start_and_with_it_kube_ties() -> None:
    """7 equal nodes: first n0, after a pinned pod n1, after another n2."""
    cycle = cycle_over(*[node(f"n{i}") for i in range(7)], ties=Ties.KUBE)
    chosen = []
    for index in range(3):
        chosen.append(cycle.decide(pod(f"free-{index}").build()).node)
        cycle.decide(pod(f"pinned-{index}").requires_node_named("n6").build())
    assert chosen == ["n0", "n1", "n2"]


def test_all_plugins_skipped_gives_every_node_one() -> None:
    config = {"profiles": [{"plugins": {"score": {"disabled": [{"name": "*"}]}}}]}
    decision = cycle_over(node("a"), node("b"), config=config, score_single=True).decide(pod("p").build())
    assert decision.scoring is not None
    assert decision.scoring.totals.tolist() == [1]
    assert len(decision.feasible) == 1


def test_a_nominated_node_that_fits_is_taken_at_once() -> None:
    cycle = cycle_over(node("a"), node("b"))
    decision = cycle.decide(pod("p").nominated("b").build())
    assert decision.node == "b"
    assert decision.scoring is None


def test_a_nominated_node_that_does_not_fit_is_forgotten() -> None:
    assert cycle_over(node("a"), node("b").cordon()).decide(pod("p").nominated("b").build()).node == "a"


def test_a_nominated_node_outside_the_shortlist_is_judged_for_itself() -> None:
    cycle = cycle_over(node("a").cpu("1"), node("b").cordon(), node("c"))
    decision = cycle.decide(pod("p").requires_node_named("a").request(cpu="2").nominated("b").build())
    shortlist = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
    assert decision.message == f"0/3 nodes are available: 1 Insufficient cpu, 1 {shortlist}, 1 node(s) were unschedulable."
    assert decision.rejecting_plugins == ("NodeAffinity", "NodeResourcesFit", "NodeUnschedulable")
    assert cycle.next_start == 2


def test_nominations_say_nothing_about_nodes_outside_the_shortlist() -> None:
    cycle = cycle_over(node("a").cpu("1"), node("b").cpu("4"))
    cycle.nominated = {"b": [pod("nominee").priority(10).request(cpu="3").build()]}
    decision = cycle.decide(pod("p").requires_node_named("a").request(cpu="2").build())
    assert decision.filtering is not None
    row = cycle.cluster.row_of("b")
    assert row is not None
    assert decision.filtering.status(row) == ("NodeAffinity", unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]"))


@pytest.mark.parametrize(
    ("why", "nominee", "expected"),
    [
        ("an equal one holds its place", pod("nominee").priority(10).request(cpu="3"), None),
        ("a lesser one does not", pod("nominee").priority(9).request(cpu="3"), "a"),
        ("the pod itself does not count", pod("p").priority(10).request(cpu="3"), "a"),
    ],
)
def test_room_for_pods_that_are_nominated(why: str, nominee: PodBuilder, expected: str | None) -> None:
    cycle = cycle_over(node("a").cpu("4"))
    cycle.nominated = {"a": [nominee.build()]}
    assert cycle.decide(pod("p").priority(10).request(cpu="2").build()).node == expected
    assert cycle.cluster.requested.sum() == 0


def preempt(*placed: PodBuilder, incoming: PodBuilder, budgets: tuple[Any, ...] = (), nodes: tuple[NodeBuilder, ...] = ()) -> Decision:
    cycle = cycle_over(*(nodes or (node("n").cpu("4"),)), preemption=True)
    for each in placed:
        cycle.cluster.add_pod(each.build(), each.build().spec.node_name or "n")
    for each in budgets:
        cycle.cluster.put(each)
    return cycle.decide(incoming.build())


A = pod("a").priority(10).request(cpu="2").started(0)
B = pod("b").priority(5).request(cpu="1").started(0).label(app="b")
C = pod("c").priority(5).request(cpu="1").started(10).label(app="c")
PREEMPTOR = pod("p").priority(100).request(cpu="2")


def test_the_most_important_pods_are_spared() -> None:
    """A fits beside the pod; then neither B nor C does."""
    found = preempt(A, B, C, incoming=PREEMPTOR).post_filter
    assert found is not None
    assert (found.nominated_node, [victim.metadata.name for victim in found.victims]) == ("n", ["b", "c"])


def test_a_budget_spares_its_pod_before_a_more_important_one() -> None:
    """A budget on C that allows nothing."""
    found = preempt(A, B, C, incoming=PREEMPTOR, budgets=(budget("c", {"app": "c"}, allowed=0),)).post_filter
    assert found is not None
    assert [victim.metadata.name for victim in found.victims] == ["a"]


def test_of_two_pods_that_have_not_started_the_later_one_is_spared() -> None:
    first, second = (pod(name).priority(5).request(cpu="2") for name in ("first", "second"))
    found = preempt(first, second, incoming=PREEMPTOR).post_filter
    assert found is not None
    assert [victim.metadata.name for victim in found.victims] == ["first"]


def test_trying_does_not_change_which_pod_came_later() -> None:
    cycle = cycle_over(node("n").cpu("4"), preemption=True)
    for name in ("first", "second"):
        cycle.cluster.add_pod(pod(name).priority(5).request(cpu="2").build(), "n")
    outcomes = [cycle.decide(PREEMPTOR.build()).post_filter for _ in range(2)]
    assert [[victim.metadata.name for victim in found.victims] for found in outcomes if found is not None] == [["first"], ["first"]]


def test_the_node_with_the_lesser_victims_is_taken() -> None:
    nodes = (node("m").cpu("2"), node("n").cpu("4"))
    found = preempt(A, B, C, pod("d").priority(10).request(cpu="2").on("m"), incoming=PREEMPTOR, nodes=nodes).post_filter
    assert found is not None
    assert found.nominated_node == "n"


@pytest.mark.parametrize(
    ("why", "incoming", "ending"),
    [
        (
            "no pod is of lower priority",
            pod("p").priority(1).request(cpu="2"),
            "no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
        ),
        (
            "removing pods does not help",
            PREEMPTOR.request(cpu="9"),
            "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        ),
        (
            "the pod never preempts",
            PREEMPTOR.never_preempts(),
            "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
        ),
    ],
)
def test_why_preemption_found_nothing(why: str, incoming: PodBuilder, ending: str) -> None:
    decision = preempt(A, B, C, incoming=incoming)
    assert decision.message == f"0/1 nodes are available: 1 Insufficient cpu. {ending}"


def test_preemption_changes_nothing() -> None:
    cycle = cycle_over(node("n").cpu("4"), preemption=True)
    for each in (A, B, C):
        cycle.cluster.add_pod(each.build(), "n")
    cycle.decide(PREEMPTOR.build())
    assert cycle.cluster.requested[0].sum() == 4000
    assert sorted(cycle.cluster.pods_on(0)) == ["default/a", "default/b", "default/c"]
