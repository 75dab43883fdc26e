"""Caches that lag behind the store: what a watcher sees, and why controllers keep expectations."""

from __future__ import annotations

from collections import Counter

import pytest

from binpack.control.controllers.expectations import Expectations
from binpack.control.controllers.replicaset import ReplicaSetController
from binpack.control.lagging import LaggingClient, WatchCache
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.control.runtime import ControllerRuntime
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.sim.simulation import Simulation
from binpack.sim.streams import stream
from binpack.sim.timeline import Apply
from binpack.testing import daemon_set, deployment, job, node, pod, replica_set
from binpack.testing.faults import Faults, disturb
from binpack.units import US_PER_S

S = US_PER_S


def relabelled(store, name, **labels):
    one = store.get(Pod, name, "default")
    return store.update(replace(one, metadata=replace(one.metadata, labels=labels)))


def test_a_cache_follows_the_store_event_by_event(store):
    cache = WatchCache()
    store.create(pod("a").build())
    relabelled(store, "a", x="1")
    store.delete(Pod, "a", "default")
    seen = [cache.apply(event) for event in store.watch(0)]
    assert [event.type for event in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert seen[2].previous is seen[1].object
    assert cache.scan(Pod) == []


def test_what_is_told_twice_was_not_added_twice(store):
    cache = WatchCache()
    store.create(pod("a").build())
    (added,) = store.watch(0)
    assert [cache.apply(added).type for _ in range(2)] == ["ADDED", "MODIFIED"]
    store.delete(Pod, "a", "default")
    *_, deleted = store.watch(0)
    assert cache.apply(deleted).type == "DELETED"
    assert cache.apply(deleted) is None


def test_a_fresh_list_tells_what_came_went_and_changed(store):
    cache = WatchCache()
    for name in ("stays", "goes", "changes", "returns"):
        store.create(pod(name).build())
    cache.replace(store.everything(), store.revision)
    store.delete(Pod, "goes", "default")
    store.delete(Pod, "returns", "default")
    store.create(pod("returns").build())
    store.create(pod("comes").build())
    relabelled(store, "changes", x="1")
    told = Counter((event.type, event.object.metadata.name) for event in cache.replace(store.everything(), store.revision))
    assert told == Counter(
        [
            ("DELETED", "goes"),
            ("DELETED", "returns"),
            ("ADDED", "returns"),
            ("ADDED", "comes"),
            ("MODIFIED", "changes"),
            ("MODIFIED", "stays"),
        ]
    )
    assert {one.metadata.name for one in cache.scan(Pod)} == {"stays", "changes", "returns", "comes"}


def lagging_replica_sets(store, delay_us: int) -> ControlPlane:
    runtime = ControllerRuntime(ReplicaSetController(), store, EventSink())
    plane = ControlPlane(store, [LaggingClient(runtime, store, delay_us=delay_us)])
    store.create(replica_set("web", pod(), replicas=3))
    plane.settle()
    return plane


def test_a_controller_hears_of_a_write_after_the_delay(store):
    plane = lagging_replica_sets(store, 2 * S)
    assert (store.scan(Pod), plane.next_wake_us) == ([], 2 * S)
    store.clock.now_us = 2 * S
    plane.settle()
    assert len(store.scan(Pod)) == 3


@pytest.mark.parametrize(("remembers", "created"), [(True, 3), (False, 6)])
def test_expectations_keep_a_controller_from_creating_twice(store, monkeypatch, remembers, created):
    """Client-go's informers lag; this is what pkg/controller/controller_utils.go keeps expectations for."""
    if not remembers:
        monkeypatch.setattr(Expectations, "are_met", lambda self, key, now_us: True)
    plane = lagging_replica_sets(store, 2 * S)
    store.clock.now_us = 2 * S
    plane.settle()
    # Somebody touches the ReplicaSet; the controller hears of that before it hears of its pods only if it asks for it.
    plane.client("replicaset-controller").runtime.queue.add("default/web")
    plane.refresh()
    plane.settle()
    assert len(store.scan(Pod)) == created


@pytest.mark.parametrize("seed", range(3))
def test_under_lag_alone_nothing_is_created_twice(seed):
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=seed)
    simulation.load([node(f"n{number}").cpu(8).build() for number in range(4)])
    events = [
        Apply(0, deployment("web", pod().request(cpu="10m"), replicas=20)),
        Apply(0, daemon_set("agent", pod().request(cpu="10m"))),
        Apply(0, job("batch", pod().request(cpu="10m").lasts(20), completions=9, parallelism=3)),
    ]
    simulation.extend(events)
    lag = Faults(600 * S, repeats=0.3, breaks=0.01, conflicts=0, crashes=0)
    disturb(simulation.plane, lag, lambda name: stream(seed, f"faults/{name}"))
    run = simulation.run(until_us=600 * S)
    assert Counter(row.owner_kind for row in run.pod_rows) == {"ReplicaSet": 20, "DaemonSet": 4, "Job": 9}
