"""Deciding ahead gives the placements that one decision after the other gives, whatever happens in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.lookahead import Lookahead
from binpack.scheduler.queue.scheduling_queue import SchedulingQueue
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.testing import node, pod

PROFILES = build_profiles(Registry(in_tree()))


def setting(cpus, sizes, ties=Ties.FIRST):
    cluster = Cluster()
    for number, cpu in enumerate(cpus):
        cluster.add_node(node(f"n{number}").cpu(cpu).build())
    queue = SchedulingQueue(PROFILES)
    for number, size in enumerate(sizes):
        queue.add(pod(f"p{number}").request(cpu=f"{size}m").build(), now_us=number)
    return CachedCycle(cluster, PROFILES, tie_breaker=TieBreaker(ties), preemption=True), queue


def places(cycle, queue, place, disturb):
    """Place all pods in their order; before some of them something else happens."""
    chosen = {}
    while (queued := queue.pop()) is not None:
        outcome = place(queued.pod)
        chosen[queued.key] = outcome.node
        if outcome.node is None:
            queue.requeue_unschedulable(queued, outcome.decision.rejecting_plugins, 0, cycle.cluster)
        else:
            queue.done(queued)
        disturb(len(chosen))
    return chosen


def disturbances(cycle, queue, events, before_change):
    def disturb(number):
        event = events.get(number)
        if event == "node":
            before_change()
            cycle.cluster.add_node(node(f"late{number}").cpu(64).build())
        elif event == "urgent":
            queue.add(pod(f"urgent{number}").request(cpu="700m").priority(1000).build(), now_us=number)
        elif event == "bound elsewhere":
            # Nobody says so before: the journal tells.
            cycle.cluster.add_pod(pod(f"other{number}").request(cpu="900m").on("n0").build(), "n0")

    return disturb


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.lists(st.sampled_from([100, 300, 700, 1500]), min_size=1, max_size=25),
    st.dictionaries(st.integers(1, 25), st.sampled_from(["node", "urgent", "bound elsewhere"]), max_size=4),
)
def test_ahead_as_one_by_one(cpus, sizes, events):
    cycle, queue = setting(cpus, sizes)
    one_by_one = places(cycle, queue, cycle.place, disturbances(cycle, queue, events, lambda: None))
    other, waiting = setting(cpus, sizes)
    lookahead = Lookahead(other, waiting, draws_ties=False)
    ahead = places(other, waiting, lookahead.place, disturbances(other, waiting, events, lookahead.give_up))
    lookahead.give_up()
    assert ahead == one_by_one
    assert {one.key for one, _ in other.cluster.pods()} == {one.key for one, _ in cycle.cluster.pods()}


def test_it_decides_ahead_and_takes_back():
    cycle, queue = setting([8], [100] * 9)
    lookahead = Lookahead(cycle, queue, draws_ties=False)
    for _ in range(2):
        lookahead.place(queue.pop().pod)
    assert len(list(cycle.cluster.pods())) > 2
    lookahead.give_up()
    assert len(list(cycle.cluster.pods())) == 2


def test_draws_are_not_taken_ahead():
    cycle, queue = setting([8], [100] * 9)
    lookahead = Lookahead(cycle, queue, draws_ties=True)
    lookahead.place(queue.pop().pod)
    assert len(list(cycle.cluster.pods())) == 1
