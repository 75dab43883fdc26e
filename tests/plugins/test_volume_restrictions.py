from __future__ import annotations

import pytest

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.volumes import (
    AWSElasticBlockStoreVolumeSource,
    GCEPersistentDiskVolumeSource,
    ISCSIVolumeSource,
    RBDVolumeSource,
    Volume,
)
from binpack.plugins.volume_restrictions import VolumeRestrictions
from binpack.testing import claim, node, pod
from binpack.testing.trial import cluster_of, judge, wakes

PLUGIN = VolumeRestrictions()
NO_DISK = unschedulable("node(s) had no available disk")
IN_USE = unschedulable("node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod")


def gce(name, *, read_only=False):
    return Volume(gce_persistent_disk=GCEPersistentDiskVolumeSource(name, read_only))


def ebs(name, *, read_only=False):
    return Volume(aws_elastic_block_store=AWSElasticBlockStoreVolumeSource(name, read_only))


def iscsi(iqn, *, portal="p1", read_only=False):
    return Volume(iscsi=ISCSIVolumeSource(iqn=iqn, target_portal=portal, read_only=read_only))


def rbd(image, *monitors, pool="rbd", read_only=False):
    return Volume(rbd=RBDVolumeSource(monitors=monitors, pool=pool, image=image, read_only=read_only))


def with_volumes(builder, *volumes):
    draft = builder.build()
    return replace(draft, spec=replace(draft.spec, volumes=volumes))


@pytest.mark.parametrize(
    ("why", "mine", "theirs", "conflict"),
    [
        ("the same GCE disk", gce("d"), gce("d"), True),
        ("both read it only", gce("d", read_only=True), gce("d", read_only=True), False),
        ("one writes", gce("d", read_only=True), gce("d"), True),
        ("another GCE disk", gce("d"), gce("e"), False),
        ("the same EBS volume, always", ebs("v", read_only=True), ebs("v", read_only=True), True),
        ("another kind with that name", ebs("d"), gce("d"), False),
        ("the same iSCSI target by another portal", iscsi("q"), iscsi("q", portal="p2"), True),
        ("both read it only", iscsi("q", read_only=True), iscsi("q", read_only=True), False),
        ("an RBD image with a monitor in common", rbd("i", "m1", "m2"), rbd("i", "m2", "m3"), True),
        ("no monitor in common", rbd("i", "m1"), rbd("i", "m2"), False),
        ("another pool", rbd("i", "m1"), rbd("i", "m1", pool="x"), False),
        ("both read it only", rbd("i", "m1", read_only=True), rbd("i", "m1", read_only=True), False),
    ],
)
def test_disks(why, mine, theirs, conflict):
    other = with_volumes(pod("o").on("n1"), Volume(), theirs)
    cluster = cluster_of([node("n1"), node("n2")], [other])
    assert judge(PLUGIN, with_volumes(pod("p"), mine), cluster) == {"n1": NO_DISK if conflict else None, "n2": None}, why
    cluster.remove_pod(other.key)
    assert judge(PLUGIN, with_volumes(pod("p"), mine), cluster) == {"n1": None, "n2": None}, "the pod with the disk is gone"


def exclusive(name, namespace="default"):
    plain = claim(name, namespace=namespace)
    return replace(plain, spec=replace(plain.spec, access_modes=("ReadWriteOncePod",)))


@pytest.mark.parametrize(
    ("why", "objects", "other", "rejected"),
    [
        ("an exclusive claim in use", [exclusive("data")], pod("o").claim("data"), True),
        ("an ordinary claim in use", [claim("data")], pod("o").claim("data"), False),
        ("another claim in use", [exclusive("data"), exclusive("x")], pod("o").claim("x"), False),
        ("a claim of that name elsewhere", [exclusive("data")], pod("o", namespace="dev").claim("data"), False),
    ],
)
def test_exclusive_claims(why, objects, other, rejected):
    cluster = cluster_of([node("n1"), node("n2")], [other.on("n1")])
    for item in objects:
        cluster.put(item)
    verdict = IN_USE if rejected else None
    assert judge(PLUGIN, pod("p").claim("data"), cluster) == {"n1": verdict, "n2": verdict}, f"{why}: on every node, for preemption to try"


def test_a_dry_run_frees_a_claim_by_its_name():
    cluster = cluster_of([node("n")], [pod("o").claim("data").on("n")])
    cluster.put(exclusive("data"))
    prepared = PLUGIN.prepare(pod("p").claim("data").build(), cluster)
    tried = prepared.copy()
    # Upstream compares names only: a pod of another namespace counts as well.
    PLUGIN.remove_pod(tried, pod("x", namespace="dev").claim("data").build(), 0, cluster)
    assert not PLUGIN.filter(tried, cluster.rows()).any()
    PLUGIN.add_pod(tried, pod("x", namespace="dev").claim("data").build(), 0, cluster)
    assert PLUGIN.filter(tried, cluster.rows()).any()
    assert PLUGIN.filter(prepared, cluster.rows()).any(), "a copy changes on its own"


def test_disks_are_looked_up_as_the_node_is_now():
    disk = with_volumes(pod("o").on("n"), gce("d"))
    cluster = cluster_of([node("n")], [disk])
    prepared = PLUGIN.prepare(with_volumes(pod("p"), gce("d")), cluster)
    with cluster.fork():
        cluster.remove_pod(disk.key)
        assert not PLUGIN.filter(prepared, cluster.rows()).any()
    assert PLUGIN.filter(prepared, cluster.rows())[cluster.row_of("n")]


def test_a_missing_claim_rejects_and_a_pod_without_anything_is_skipped():
    cluster = cluster_of([node("n")])
    assert PLUGIN.prepare(pod("p").claim("x").build(), cluster) == unresolvable('persistentvolumeclaim "x" not found')
    assert PLUGIN.prepare(pod("p").build(), cluster) is SKIP
    cluster.put(exclusive("x"))
    assert PLUGIN.prepare(pod("p").claim("x").build(), cluster) is SKIP, "nobody uses it"


@pytest.mark.parametrize(
    ("why", "gone", "woken"),
    [
        ("it shared a claim", pod("o").claim("data").build(), True),
        ("it had the disk", with_volumes(pod("o"), gce("d")), True),
        ("it read the disk only", with_volumes(pod("o"), gce("d", read_only=True)), True),
        ("another disk", with_volumes(pod("o"), gce("e")), False),
        ("another namespace", pod("o", namespace="dev").claim("data").build(), False),
        ("no volume", pod("o").build(), False),
    ],
)
def test_pods_that_go(why, gone, woken):
    waiting = with_volumes(pod("p"), gce("d"), pod("x").claim("data").build().spec.volumes[0])
    assert wakes(PLUGIN, waiting, ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, gone, None)) is woken, why


@pytest.mark.parametrize(("added", "woken"), [(claim("data"), True), (claim("x"), False), (claim("data", namespace="dev"), False)])
def test_claims_that_come(added, woken):
    event = ClusterEvent(Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, None, added)
    assert wakes(PLUGIN, pod("p").claim("data"), event) is woken
