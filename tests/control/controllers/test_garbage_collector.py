"""Owners and what goes with them. Documented: https://kubernetes.io/docs/concepts/architecture/garbage-collection."""

from __future__ import annotations

import pytest

from binpack.control.controllers.garbage_collector import GarbageCollector, GarbageMemory, remember_absent_owners, state_of
from binpack.control.controllers.ownership import controller_reference
from binpack.model.base import replace
from binpack.model.meta import OwnerReference
from binpack.model.pod import Pod
from binpack.model.workloads import Deployment, ReplicaSet
from binpack.testing import deployment, pod, replica_set


def owned(value, *owners, blocking: bool = True):
    references = tuple(replace(controller_reference(one), controller=None, block_owner_deletion=blocking) for one in owners)
    return replace(value, metadata=replace(value.metadata, owner_references=references))


def family(bench):
    """A Deployment, its ReplicaSet, and a bound pod of it."""
    top = bench.store.create(deployment("web", pod()))
    middle = bench.store.create(owned(replica_set("web-1", pod()), top))
    leaf = bench.store.load(owned(pod("web-1-a").on("n1").build(), middle))
    bench.start(GarbageCollector)
    return top, middle, leaf


def present(bench) -> list[str]:
    return [one.metadata.name for kind in (Deployment, ReplicaSet, Pod) for one in bench.store.scan(kind)]


def test_background_takes_the_owner_first_and_its_dependents_after_it(bench):
    family(bench)
    bench.store.delete(Deployment, "web", "default", propagation="Background")
    assert "web" not in present(bench)
    bench.settle()
    assert present(bench) == ["web-1-a"]
    assert bench.store.get(Pod, "web-1-a", "default").is_terminating


def test_foreground_takes_the_leaves_first(bench):
    family(bench)
    bench.store.delete(Deployment, "web", "default", propagation="Foreground")
    bench.settle()
    assert present(bench) == ["web", "web-1", "web-1-a"]
    assert bench.store.get(ReplicaSet, "web-1", "default").metadata.deletion_timestamp is not None
    bench.store.delete(Pod, "web-1-a", "default", grace_seconds=0)
    bench.settle()
    assert present(bench) == []


def test_orphaning_leaves_the_dependents(bench):
    family(bench)
    bench.store.delete(Deployment, "web", "default", propagation="Orphan")
    bench.settle()
    assert present(bench) == ["web-1", "web-1-a"]
    assert bench.store.get(ReplicaSet, "web-1", "default").metadata.owner_references == ()


def test_one_solid_owner_is_enough(bench):
    first, second = (bench.store.create(replica_set(name, pod())) for name in ("a", "b"))
    bench.store.create(owned(pod("shared").build(), first, second))
    bench.start(GarbageCollector)
    bench.store.delete(ReplicaSet, "a", "default")
    bench.settle()
    shared = bench.store.get(Pod, "shared", "default")
    assert [one.name for one in shared.metadata.owner_references] == ["b"]
    bench.store.delete(ReplicaSet, "b", "default")
    bench.settle()
    assert present(bench) == []


def test_an_object_that_appears_with_an_owner_that_is_not_there_goes(bench):
    ghost = replace(replica_set("ghost", pod()), metadata=replace(replica_set("ghost", pod()).metadata, uid="gone"))
    bench.start(GarbageCollector)
    bench.store.create(owned(pod("late").build(), ghost))
    bench.settle()
    assert present(bench) == []


def test_owners_that_a_loaded_cluster_lacks_are_taken_to_exist_elsewhere(bench):
    elsewhere = replace(replica_set("elsewhere", pod()), metadata=replace(replica_set("elsewhere", pod()).metadata, uid="known"))
    loaded = bench.store.load(owned(pod("kept").build(), elsewhere))
    bench.plane = None
    memory = GarbageMemory()
    remember_absent_owners(memory, [loaded], bench.store)
    assert memory.outside == {"known": None}
    assert list(GarbageCollector().observe(bench.store.watch(0)[0], bench.store, memory, 0)) == []


@pytest.mark.parametrize(
    ("why", "changes", "expected"),
    [
        ("there it is", {}, "solid"),
        ("another uid", {"uid": "other"}, "dangling"),
        ("another name", {"name": "other"}, "dangling"),
        ("another kind", {"kind": "ReplicaSet"}, "dangling"),
    ],
)
def test_judging_a_reference(store, why, changes, expected):
    top = store.create(deployment("web", pod()))
    reference = replace(controller_reference(top), **changes)
    assert state_of(pod("a").build(), reference, store, GarbageMemory()) == expected, why
    assert isinstance(reference, OwnerReference)


def test_an_owner_in_another_namespace_is_none(store):
    top = store.load(deployment("web", pod(namespace="prod")))
    assert state_of(pod("a").build(), controller_reference(top), store, GarbageMemory()) == "dangling"
