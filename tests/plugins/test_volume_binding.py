from __future__ import annotations

import pytest

from binpack.errors import SchedulingError
from binpack.framework.arguments import VolumeBindingArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import unresolvable
from binpack.model.base import replace
from binpack.model.meta import OwnerReference
from binpack.model.volumes import CSIVolumeSource, EphemeralVolumeSource, Volume
from binpack.plugins.assumed_volumes import SELECTED_NODE, AssumedVolumes
from binpack.plugins.volume_binding import VolumeBinding
from binpack.testing import claim, expression, node, pod, selector
from binpack.testing.storage import bound, csi_driver, csi_node, persistent_volume, reserved, storage_capacity, storage_class
from binpack.testing.trial import cluster_of, judge, wakes

PLUGIN = VolumeBinding(VolumeBindingArgs())
AFFINITY = "node(s) didn't match PersistentVolume's node affinity"
NO_MATCH = "node(s) didn't find available persistent volumes to bind"
NO_STORAGE = "node(s) did not have enough free storage"
MISSING = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
NODES = [node("a").zone("a"), node("b").zone("b"), node("bare")]
STATIC = storage_class("disk", provisioner="kubernetes.io/no-provisioner")
P = pod("p").claim("data")
DATA = claim("data", storage_class="disk")


def cluster_with(*objects):
    cluster = cluster_of(NODES)
    for item in objects:
        cluster.put(item)
    return cluster


def reasons(verdicts):
    return {name: () if verdict is None else verdict.reasons for name, verdict in verdicts.items()}


def volume(name="pv", **more):
    return persistent_volume(name, storage_class="disk", **more)


def changed(value, **changes):
    return replace(value, spec=replace(value.spec, **changes))


@pytest.mark.parametrize(
    ("why", "objects", "a", "b", "bare"),
    [
        ("bound to a volume in zone a", [bound(DATA, "pv"), volume(zones=["a"])], [], [AFFINITY], [AFFINITY]),
        ("bound to a volume that is everywhere", [bound(DATA, "pv"), volume()], [], [], []),
        ("bound to a volume that is not there", [bound(DATA, "pv")], [MISSING], [MISSING], [MISSING]),
        ("to be bound in zone a", [DATA, STATIC, volume(zones=["a"])], [], [NO_MATCH], [NO_MATCH]),
        ("no volume", [DATA, STATIC], [NO_MATCH], [NO_MATCH], [NO_MATCH]),
        ("a volume that is too small", [claim("data", storage_class="disk", size="2Gi"), STATIC, volume()], *[[NO_MATCH]] * 3),
        ("a volume of another class", [DATA, STATIC, persistent_volume("pv", storage_class="x")], *[[NO_MATCH]] * 3),
        ("a volume meant for another claim", [DATA, STATIC, reserved(volume(), claim("other"))], *[[NO_MATCH]] * 3),
        ("a volume meant for this claim", [DATA, STATIC, reserved(volume(zones=["b"]), DATA)], [NO_MATCH], [], [NO_MATCH]),
        (
            "that one decides, though another would do",
            [DATA, STATIC, volume("other"), reserved(volume(zones=["b"]), DATA)],
            [NO_MATCH],
            [],
            [NO_MATCH],
        ),
        ("a volume in another mode", [DATA, STATIC, changed(volume(), volume_mode="Block")], *[[NO_MATCH]] * 3),
        ("an attributes class of its own", [DATA, STATIC, changed(volume(), volume_attributes_class_name="fast")], *[[NO_MATCH]] * 3),
        ("an access mode that it lacks", [changed(DATA, access_modes=("ReadWriteMany",)), STATIC, volume()], *[[NO_MATCH]] * 3),
        ("labels that it lacks", [changed(DATA, selector=selector({"disk": "ssd"})), STATIC, volume()], *[[NO_MATCH]] * 3),
        ("labels that it has", [changed(DATA, selector=selector({"disk": "ssd"})), STATIC, volume(labels={"disk": "ssd"})], [], [], []),
        ("to be made anywhere", [DATA, storage_class("disk")], [], [], []),
        ("to be made in zone a", [DATA, storage_class("disk", zones=["a"])], [], [NO_MATCH], [NO_MATCH]),
        ("there, or bound in zone b", [DATA, storage_class("disk", zones=["a"]), volume(zones=["b"])], [], [], [NO_MATCH]),
    ],
)
def test_filter(why, objects, a, b, bare):
    verdicts = judge(PLUGIN, P, cluster_with(*objects))
    assert reasons(verdicts) == {"a": tuple(a), "b": tuple(b), "bare": tuple(bare)}, why


@pytest.mark.parametrize(
    ("why", "objects", "a", "b"),
    [
        ("room in zone a", [csi_driver(), storage_capacity("c", "5Gi", storage_class="disk", zone="a")], [], [NO_STORAGE]),
        ("too little", [csi_driver(), storage_capacity("c", "1Mi", storage_class="disk", zone="a")], [NO_STORAGE], [NO_STORAGE]),
        (
            "enough, but not in one piece",
            [csi_driver(), storage_capacity("c", "5Gi", storage_class="disk", zone="a", largest="1Mi")],
            [NO_STORAGE],
            [NO_STORAGE],
        ),
        ("of another class", [csi_driver(), storage_capacity("c", "5Gi", storage_class="x")], [NO_STORAGE], [NO_STORAGE]),
        ("none reported", [csi_driver()], [NO_STORAGE], [NO_STORAGE]),
        ("the driver does not report", [csi_driver(reports_capacity=False)], [], []),
        ("no driver object", [], [], []),
    ],
)
def test_storage_capacity(why, objects, a, b):
    verdicts = reasons(judge(PLUGIN, P, cluster_with(DATA, storage_class("disk"), *objects)))
    assert (verdicts["a"], verdicts["b"]) == (tuple(a), tuple(b)), why


def test_a_claim_without_a_size_needs_no_room():
    data = changed(DATA, resources=replace(DATA.spec.resources, requests={}))
    assert set(judge(PLUGIN, P, cluster_with(data, storage_class("disk"), csi_driver())).values()) == {None}


def test_several_reasons_at_once():
    objects = [bound(claim("other"), "pv"), persistent_volume("pv", zones=["a"]), DATA, STATIC]
    verdicts = reasons(judge(PLUGIN, P.claim("other"), cluster_with(*objects)))
    assert verdicts == {"a": (NO_MATCH,), "b": (AFFINITY, NO_MATCH), "bare": (AFFINITY, NO_MATCH)}


def test_the_first_bound_claim_that_is_wrong_decides():
    objects = [bound(claim("one"), "pv"), persistent_volume("pv", zones=["a"]), bound(claim("two"), "gone")]
    verdicts = reasons(judge(PLUGIN, pod("p").claim("one").claim("two"), cluster_with(*objects)))
    assert verdicts == {"a": (MISSING,), "b": (AFFINITY,), "bare": (AFFINITY,)}


def test_a_claim_with_a_selected_node_is_made_there_only():
    selected = replace(DATA, metadata=replace(DATA.metadata, annotations={SELECTED_NODE: "a"}))
    verdicts = reasons(judge(PLUGIN, P, cluster_with(selected, storage_class("disk"), volume(zones=["b"]))))
    assert verdicts == {"a": (), "b": (NO_MATCH,), "bare": (NO_MATCH,)}


def test_two_claims_need_two_volumes():
    two = [DATA, claim("log", storage_class="disk"), STATIC]
    a_pod = P.claim("log")
    assert reasons(judge(PLUGIN, a_pod, cluster_with(*two, volume())))["a"] == (NO_MATCH,)
    assert reasons(judge(PLUGIN, a_pod, cluster_with(*two, volume(), volume("pv2"))))["a"] == ()


def test_the_smallest_claim_chooses_first_and_takes_the_smallest_volume():
    objects = [claim("data", storage_class="disk", size="3Gi"), claim("log", storage_class="disk", size="1Gi"), STATIC]
    cluster = cluster_with(*objects, volume("large", size="5Gi"), volume("small", size="2Gi"))
    allocation = PLUGIN.reserve(P.claim("log").build(), cluster, cluster.row_of("a"))
    assert allocation.content == AssumedVolumes((("small", "default/log"), ("large", "default/data")), ())


def test_of_equal_volumes_the_first_is_taken():
    cluster = cluster_with(DATA, STATIC, volume("second", size="2Gi"), volume("one"), volume("two"))
    assert PLUGIN.reserve(P.build(), cluster, cluster.row_of("a")).content.bindings == (("one", "default/data"),)


def test_reserve_keeps_a_volume_from_other_pods():
    cluster = cluster_with(DATA, claim("log", storage_class="disk"), STATIC, volume(zones=["a"]))
    rival = pod("q").claim("log")
    assert reasons(judge(PLUGIN, rival, cluster))["a"] == ()
    allocation = PLUGIN.reserve(P.build(), cluster, cluster.row_of("a"))
    assert reasons(judge(PLUGIN, rival, cluster))["a"] == (NO_MATCH,), "the volume is assumed to be bound"
    assert reasons(judge(PLUGIN, P, cluster))["a"] == (), "its own claim finds it at once"
    assert cluster.catalog.get("PersistentVolume", "pv").metadata.annotations == {"pv.kubernetes.io/bound-by-controller": "yes"}
    allocation.undo()
    assert reasons(judge(PLUGIN, rival, cluster))["a"] == ()
    assert cluster.catalog.get("PersistentVolume", "pv") == volume(zones=["a"])


def test_reserve_selects_the_node_for_a_volume_to_be_made():
    cluster = cluster_with(DATA, storage_class("disk"))
    allocation = PLUGIN.reserve(P.build(), cluster, cluster.row_of("b"))
    assert allocation.content == AssumedVolumes((), ("default/data",))
    assert reasons(judge(PLUGIN, pod("q").claim("data"), cluster)) == {"a": (NO_MATCH,), "b": (), "bare": (NO_MATCH,)}
    allocation.undo()
    assert cluster.catalog.get("PersistentVolumeClaim", "data", "default") == DATA


def test_a_fork_takes_back_what_was_assumed():
    cluster = cluster_with(DATA, storage_class("disk"))
    with cluster.fork():
        PLUGIN.reserve(P.build(), cluster, cluster.row_of("b"))
    assert cluster.catalog.get("PersistentVolumeClaim", "data", "default") == DATA


def test_nothing_to_reserve():
    cluster = cluster_with(bound(DATA, "pv"), volume())
    assert PLUGIN.reserve(pod("q").build(), cluster, 0) is None
    assert PLUGIN.reserve(P.build(), cluster, 0) is None


DELETED = replace(DATA, metadata=replace(DATA.metadata, deletion_timestamp=pod().terminating().build().metadata.deletion_timestamp))
LOST = replace(bound(DATA, "pv"), status=replace(DATA.status, phase="Lost"))


@pytest.mark.parametrize(
    ("why", "objects", "reason"),
    [
        ("no claim", [], 'persistentvolumeclaim "data" not found'),
        ("its volume is lost", [LOST], 'persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"'),
        ("it is going", [DELETED], 'persistentvolumeclaim "data" is being deleted'),
        ("it should be bound", [claim("data")], "pod has unbound immediate PersistentVolumeClaims"),
        ("its class is not there", [DATA], "pod has unbound immediate PersistentVolumeClaims"),
        ("it is bound halfway", [changed(DATA, volume_name="pv"), STATIC], "pod has unbound immediate PersistentVolumeClaims"),
    ],
)
def test_claims_that_reject(why, objects, reason):
    assert PLUGIN.prepare(P.build(), cluster_with(*objects)) == unresolvable(reason), why


def ephemeral(name="p", uid="u"):
    plain = pod(name).uid(uid).build()
    return replace(plain, spec=replace(plain.spec, volumes=(Volume(name="tmp", ephemeral=EphemeralVolumeSource()),)))


@pytest.mark.parametrize(
    ("why", "owner", "answer"),
    [
        ("its own", "u", None),
        ("another pod's of that name", "v", "PVC default/p-tmp was not created for pod default/p (pod is not owner)"),
    ],
)
def test_ephemeral_volumes(why, owner, answer):
    own = claim("p-tmp", storage_class="disk")
    reference = OwnerReference(api_version="v1", kind="Pod", name="p", uid=owner, controller=True)
    cluster = cluster_with(replace(own, metadata=replace(own.metadata, owner_references=(reference,))), storage_class("disk"))
    verdicts = judge(PLUGIN, ephemeral(), cluster)
    assert reasons(verdicts)["a"] == (() if answer is None else (answer,)), why


def test_an_ephemeral_claim_that_is_not_there_yet():
    waiting = 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-tmp"'
    assert PLUGIN.prepare(ephemeral(), cluster_with()) == unresolvable(waiting)


def test_what_fails_the_cycle():
    with pytest.raises(SchedulingError, match="VolumeBindingMode not set"):
        PLUGIN.prepare(P.build(), cluster_with(DATA, storage_class("disk", binding_mode=None)))
    wrong = changed(DATA, selector=selector(None, expression("disk", "Near")))
    with pytest.raises(SchedulingError, match="default/data"):
        PLUGIN.prepare(P.build(), cluster_with(wrong, STATIC))


def test_pods_without_claims_are_skipped():
    assert PLUGIN.prepare(pod("p").build(), cluster_with()) is SKIP


MIGRATED = "storage.alpha.kubernetes.io/migrated-plugins"
CAPACITY = storage_capacity("c", "1Gi", storage_class="disk")


@pytest.mark.parametrize(
    ("why", "resource", "action", "before", "after", "woken"),
    [
        ("a new class", Resource.STORAGE_CLASS, Action.ADD, None, STATIC, True),
        ("its topologies", Resource.STORAGE_CLASS, Action.UPDATE, storage_class("x"), storage_class("x", zones=["a"]), True),
        ("its provisioner", Resource.STORAGE_CLASS, Action.UPDATE, storage_class("x"), storage_class("x", provisioner="y"), False),
        ("its claim", Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, None, DATA, True),
        ("another claim", Resource.PERSISTENT_VOLUME_CLAIM, Action.UPDATE, None, claim("x"), False),
        ("a volume", Resource.PERSISTENT_VOLUME, Action.UPDATE, volume(), volume(), True),
        ("a node's labels", Resource.NODE, Action.UPDATE_NODE_LABEL, NODES[0].build(), NODES[1].build(), True),
        ("a new CSINode", Resource.CSI_NODE, Action.ADD, None, csi_node("a", {}), True),
        ("migrated plugins", Resource.CSI_NODE, Action.UPDATE, csi_node("a", {}), csi_node("a", {}, annotations={MIGRATED: "x"}), True),
        ("a CSINode's limits", Resource.CSI_NODE, Action.UPDATE, csi_node("a", {}), csi_node("a", {"x": 1}), False),
        ("a driver that it has not", Resource.CSI_DRIVER, Action.UPDATE, csi_driver(), csi_driver(reports_capacity=False), False),
        ("new capacity", Resource.CSI_STORAGE_CAPACITY, Action.ADD, None, CAPACITY, True),
        (
            "more of it",
            Resource.CSI_STORAGE_CAPACITY,
            Action.UPDATE,
            CAPACITY,
            storage_capacity("c", "2Gi", storage_class="disk"),
            True,
        ),
        (
            "less in one piece",
            Resource.CSI_STORAGE_CAPACITY,
            Action.UPDATE,
            CAPACITY,
            storage_capacity("c", "2Gi", storage_class="disk", largest="1Mi"),
            False,
        ),
    ],
)
def test_events(why, resource, action, before, after, woken):
    assert wakes(PLUGIN, P, ClusterEvent(resource, action, before, after)) is woken, why


@pytest.mark.parametrize(
    ("before", "after", "woken"), [(True, False, True), (True, None, True), (False, True, False), (None, False, False)]
)
def test_the_driver_of_an_inline_volume(before, after, woken):
    plain = pod("p").build()
    waiting = replace(plain, spec=replace(plain.spec, volumes=(Volume(csi=CSIVolumeSource("csi.example.com")),)))
    event = ClusterEvent(Resource.CSI_DRIVER, Action.UPDATE, csi_driver(reports_capacity=before), csi_driver(reports_capacity=after))
    assert wakes(PLUGIN, waiting, event) is woken


def test_pods_with_ephemeral_volumes_are_classes_of_their_own():
    cluster = cluster_with()
    assert cluster.classes.of(ephemeral("p")) is not cluster.classes.of(ephemeral("q")), "each has a claim of its own"
    assert cluster.classes.of(pod("p").claim("data").build()) is cluster.classes.of(pod("q").claim("data").build())
