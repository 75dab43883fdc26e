from __future__ import annotations

import pytest

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import unresolvable
from binpack.plugins.volume_zone import VolumeZone
from binpack.testing import REGION, ZONE, claim, node, pod
from binpack.testing.storage import bound, persistent_volume, storage_class
from binpack.testing.trial import cluster_of, judge, wakes

PLUGIN = VolumeZone()
WRONG = unresolvable("node(s) had no available volume zone")
OLD_ZONE, OLD_REGION = "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"
NODES = [
    node("a").zone("a"),
    node("b").zone("b"),
    node("old-a").label({OLD_ZONE: "a"}),
    node("region").region("r"),
    node("bare"),
]


def cluster_with(labels):
    cluster = cluster_of(NODES)
    cluster.put(bound(claim("data"), "pv"))
    cluster.put(persistent_volume("pv", labels=labels))
    return cluster


@pytest.mark.parametrize(
    ("why", "labels", "fits"),
    [
        ("one zone; nodes without any topology label pass", {ZONE: "a"}, ["a", "bare"]),
        ("several zones", {ZONE: "a__b"}, ["a", "b", "bare"]),
        ("blanks around them", {ZONE: "a __ b"}, ["a", "b", "bare"]),
        ("an empty one among them: the label is ignored", {ZONE: "a__"}, ["a", "b", "old-a", "region", "bare"]),
        ("the old label of the volume, either of the node", {OLD_ZONE: "a"}, ["a", "old-a", "bare"]),
        ("a region", {REGION: "r"}, ["region", "bare"]),
        ("the old label of a region", {OLD_REGION: "r"}, ["region", "bare"]),
        ("zone and region", {ZONE: "a", REGION: "r"}, ["bare"]),
        ("other labels", {"disk": "ssd"}, ["a", "b", "old-a", "region", "bare"]),
    ],
)
def test_filter(why, labels, fits):
    verdicts = judge(PLUGIN, pod("p").claim("data"), cluster_with(labels))
    assert {name for name, verdict in verdicts.items() if verdict is None} == set(fits), why
    assert {verdict for verdict in verdicts.values() if verdict is not None} <= {WRONG}


@pytest.mark.parametrize(
    ("why", "objects", "reason"),
    [
        ("no claim", [], 'persistentvolumeclaim "data" not found'),
        ("bound to nothing", [bound(claim("data"), "pv")], 'persistentvolume "pv" not found'),
        ("neither volume nor class", [claim("data")], "PersistentVolumeClaim had no pv name and storageClass name"),
        ("a class that is not there", [claim("data", storage_class="x")], 'storageclass.storage.k8s.io "x" not found'),
        (
            "a class without a mode",
            [claim("data", storage_class="x"), storage_class("x", binding_mode=None)],
            'VolumeBindingMode not set for StorageClass "x"',
        ),
        (
            "a claim that should be bound",
            [claim("data", storage_class="x"), storage_class("x", binding_mode="Immediate")],
            "PersistentVolume had no name",
        ),
    ],
)
def test_claims_that_reject(why, objects, reason):
    cluster = cluster_of(NODES)
    for item in objects:
        cluster.put(item)
    assert PLUGIN.prepare(pod("p").claim("data").build(), cluster) == unresolvable(reason), why


def test_a_claim_without_a_name_rejects():
    assert PLUGIN.prepare(pod("p").claim("").build(), cluster_of(NODES)) == unresolvable("PersistentVolumeClaim had no name")


def test_what_is_skipped():
    cluster = cluster_of(NODES)
    assert PLUGIN.prepare(pod("p").build(), cluster) is SKIP
    cluster.put(claim("data", storage_class="x"))
    cluster.put(storage_class("x"))
    assert PLUGIN.prepare(pod("p").claim("data").build(), cluster) is SKIP, "it waits for its first consumer"


WAITING = pod("p").claim("data")


@pytest.mark.parametrize(
    ("why", "resource", "action", "before", "after", "woken"),
    [
        ("a class that waits", Resource.STORAGE_CLASS, Action.ADD, None, storage_class("x"), True),
        ("one that does not", Resource.STORAGE_CLASS, Action.ADD, None, storage_class("x", binding_mode="Immediate"), False),
        ("its claim", Resource.PERSISTENT_VOLUME_CLAIM, Action.UPDATE, claim("data"), bound(claim("data"), "pv"), True),
        ("another claim", Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, None, claim("other"), False),
        ("one of another namespace", Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, None, claim("data", namespace="x"), False),
        ("a new volume", Resource.PERSISTENT_VOLUME, Action.ADD, None, persistent_volume("pv"), True),
        (
            "a volume moved",
            Resource.PERSISTENT_VOLUME,
            Action.UPDATE,
            persistent_volume("pv"),
            persistent_volume("pv", labels={ZONE: "a"}),
            True,
        ),
        (
            "a volume's other labels",
            Resource.PERSISTENT_VOLUME,
            Action.UPDATE,
            persistent_volume("pv"),
            persistent_volume("pv", labels={"disk": "ssd"}),
            False,
        ),
        ("a node", Resource.NODE, Action.ADD, None, NODES[0].build(), True),
        ("a node's labels", Resource.NODE, Action.UPDATE_NODE_LABEL, NODES[0].build(), NODES[1].build(), True),
        ("a node's resources", Resource.NODE, Action.UPDATE_NODE_ALLOCATABLE, NODES[0].build(), NODES[1].build(), False),
    ],
)
def test_events(why, resource, action, before, after, woken):
    assert wakes(PLUGIN, WAITING, ClusterEvent(resource, action, before, after)) is woken, why
