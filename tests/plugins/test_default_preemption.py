"""DefaultPreemption: who is a victim, and of which node. Whole cycles with preemption are in tests/scheduler/test_cycle.py."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest

from binpack.framework.arguments import DefaultPreemptionArgs
from binpack.framework.post_filter import FailedCycle, Outcome, PostFilterResult
from binpack.framework.status import Code, unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.meta import LabelSelector
from binpack.model.policy import PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.plugins.default_preemption import Candidate, DefaultPreemption, pick_one_node
from binpack.testing import budget, node, pod
from binpack.testing.trial import cluster_of


def victim(name, priority, started=0):
    return pod(name).priority(priority).started(started).build()


@pytest.mark.parametrize(
    ("why", "worse", "better"),
    [
        ("fewest violations", ([victim("a", 0)], 1), ([victim("b", 9), victim("c", 9)], 0)),
        ("the least important of the most important victims", ([victim("a", 9)], 0), ([victim("b", 8), victim("c", 8)], 0)),
        ("the smallest sum of priorities", ([victim("a", 9), victim("b", 8)], 0), ([victim("c", 9), victim("d", 7)], 0)),
        ("fewer victims weigh less, also of negative priority", ([victim("a", 9), victim("b", -9)], 0), ([victim("c", 9)], 0)),
        ("the latest start of the most important victims", ([victim("a", 9, 1)], 0), ([victim("b", 9, 2)], 0)),
        (
            "where the earliest of them counts, and of them alone",
            ([victim("a", 9, 1), victim("b", 9, 9), victim("c", 0, 9)], 0),
            ([victim("d", 9, 2), victim("e", 9, 2), victim("f", 0, 0)], 0),
        ),
        ("one that has not started yet starts last", ([victim("a", 9, 100)], 0), ([pod("b").priority(9).build()], 0)),
    ],
)
def test_the_best_node(why, worse, better):
    bad, good = (Candidate(name, tuple(victims), violations) for name, (victims, violations) in (("bad", worse), ("good", better)))
    assert pick_one_node([bad, good], None).node == "good", why
    assert pick_one_node([good, bad], None).node == "good", why


def test_of_equal_nodes_the_first_is_taken():
    assert pick_one_node([Candidate(name, (victim("v", 0),), 0) for name in "ab"], None).node == "a"


class Trial:
    """A node on which the pod fits as soon as fewer than some pods are left."""

    def __init__(self, room):
        self.pods, self.room = 0, room

    def remove(self, other):
        self.pods -= 1

    def add(self, other):
        self.pods += 1

    def rejection(self):
        return None if self.pods < self.room else unschedulable("full")


def failed(cluster, room, *, statuses=None):
    @contextmanager
    def dry_run(row):
        trial = Trial(room)
        trial.pods = len(cluster.pods_on(row))
        yield trial

    def status(row):
        return (statuses or {}).get(cluster.node(row).name, unschedulable("full"))

    def helps(rows):
        return np.array([status(row).code is Code.UNSCHEDULABLE for row in rows], np.bool_)

    return FailedCycle(cluster, None, np.flatnonzero(cluster.active), status, helps, dry_run)


URGENT = pod("urgent").priority(100).build()


def test_a_node_that_needs_no_victim_after_all_is_an_error():
    cluster = cluster_of([node("a"), node("b")], [pod("x").on("a"), pod("y").on("b")])
    told = '[expected at least one victim pod on node "a", expected at least one victim pod on node "b"]'
    assert DefaultPreemption().post_filter(URGENT, failed(cluster, 9)) == PostFilterResult(Outcome.ERROR, (told,))


def test_unresolvable_nodes_are_not_tried():
    cluster = cluster_of([node("a"), node("b")], [pod("x").on("a"), pod("y").on("b")])
    result = DefaultPreemption().post_filter(URGENT, failed(cluster, 1, statuses={"a": unresolvable("never")}))
    assert (result.nominated_node, [v.metadata.name for v in result.victims]) == ("b", ["y"])


@pytest.mark.parametrize(
    ("why", "spec", "status", "spared"),
    [
        ("a budget that is spent", {"app": "web"}, {}, "guarded"),
        ("a budget with room", {"app": "web"}, {"disruptions_allowed": 1}, "early"),
        ("a pod that is being disrupted already is not counted", {"app": "web"}, {"disrupted_pods": {"guarded": None}}, "early"),
        ("an empty selector selects nobody", {}, {}, "early"),
        ("a missing one neither", None, {}, "early"),
    ],
)
def test_budgets(why, spec, status, spared):
    """One of two pods can stay. Its earlier start speaks for one, and a budget, if it is spent, for the other."""
    pods = [pod("guarded").label(app="web").started(5), pod("early").started(0)]
    cluster = cluster_of([node("n")], [one.on("n") for one in pods])
    rules = budget("b", {})
    selector = None if spec is None else LabelSelector(spec)
    cluster.put(replace(rules, spec=PodDisruptionBudgetSpec(selector=selector), status=PodDisruptionBudgetStatus(**status)))
    result = DefaultPreemption(DefaultPreemptionArgs()).post_filter(URGENT, failed(cluster, 2))
    assert {"guarded", "early"} - {v.metadata.name for v in result.victims} == {spared}, why


@pytest.mark.parametrize(
    ("why", "condition", "eligible"),
    [
        ("it was preempted", {"status": "True", "reason": "PreemptionByScheduler"}, False),
        ("it goes for another reason", {"status": "True", "reason": "EvictionByEvictionAPI"}, True),
        ("it is not said", None, True),
    ],
)
def test_a_victim_that_is_still_going(why, condition, eligible):
    going = pod("going").terminating().on("n")
    going = going if condition is None else going.condition("DisruptionTarget", condition["status"], reason=condition["reason"])
    cluster = cluster_of([node("n")], [going, pod("other").on("n")])
    nominated = pod("urgent").priority(100).nominated("n").build()
    result = DefaultPreemption().post_filter(nominated, failed(cluster, 1))
    assert (result.outcome is Outcome.SUCCESS) == eligible, why
    if not eligible:
        assert result.reasons == ("preemption: not eligible due to a terminating pod on the nominated node.",)
        assert result.nominated_node is None


def test_nodes_without_less_important_pods_are_counted_and_not_tried():
    cluster = cluster_of([node("n1"), node("n2")], [pod("equal").priority(100).on("n1"), pod("above").priority(200).on("n2")])
    tried = []

    @contextmanager
    def dry_run(row):
        tried.append(row)
        yield Trial(0)

    no_trials = dataclasses.replace(failed(cluster, 0), dry_run=dry_run)
    result = DefaultPreemption().post_filter(URGENT, no_trials)
    assert tried == []
    assert result.reasons == ("preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",)
