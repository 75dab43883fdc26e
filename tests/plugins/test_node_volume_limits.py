from __future__ import annotations

import pytest

from binpack.errors import SchedulingError
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.storage import VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentSpec
from binpack.model.volumes import AWSElasticBlockStoreVolumeSource, EphemeralVolumeSource, GCEPersistentDiskVolumeSource, Volume
from binpack.plugins.csi_volumes import MIGRATED_PLUGINS
from binpack.plugins.node_volume_limits import NodeVolumeLimits
from binpack.testing import claim, node, pod
from binpack.testing.storage import DRIVER, bound, csi_node, persistent_volume, storage_class
from binpack.testing.trial import cluster_of, judge, wakes

PLUGIN = NodeVolumeLimits()
FULL = unschedulable("node(s) exceed max volume count")


def cluster_with(*objects, placed=(), limits=None, annotations=None):
    """One node `n` with the limits, and claims `d0`, `d1` … bound to volumes of their own."""
    cluster = cluster_of([node("n")], placed)
    cluster.put(csi_node("n", {DRIVER: 2} if limits is None else limits, annotations=annotations))
    for number in range(5):
        cluster.put(bound(claim(f"d{number}"), f"v{number}"))
        cluster.put(persistent_volume(f"v{number}"))
    for item in objects:
        cluster.put(item)
    return cluster


def claiming(name, *claims):
    builder = pod(name)
    for one in claims:
        builder = builder.claim(one)
    return builder


def attachment(volume, on="n"):
    spec = VolumeAttachmentSpec(attacher=DRIVER, node_name=on, source=VolumeAttachmentSource(volume))
    return VolumeAttachment(metadata=ObjectMeta(name=f"{volume}-{on}"), spec=spec)


@pytest.mark.parametrize(
    ("why", "placed", "a_pod", "objects", "passes"),
    [
        ("within the limit", [], claiming("p", "d0", "d1"), [], True),
        ("beyond it", [], claiming("p", "d0", "d1", "d2"), [], False),
        ("with those that are there", [claiming("q", "d0", "d1")], claiming("p", "d2"), [], False),
        ("a volume that is there already", [claiming("q", "d0", "d1")], claiming("p", "d1"), [], True),
        ("one volume of two pods", [claiming("q", "d0"), claiming("r", "d0")], claiming("p", "d1"), [], True),
        ("one claim named twice", [claiming("q", "d0")], claiming("p", "d1", "d1"), [], True),
        ("attached on record", [], claiming("p", "d1", "d2"), [attachment("v0")], False),
        ("on record and by a pod", [claiming("q", "d0")], claiming("p", "d1"), [attachment("v0")], True),
        ("on record, and asked for", [], claiming("p", "d0", "d1"), [attachment("v0")], True),
        ("on record elsewhere", [], claiming("p", "d1", "d2"), [attachment("v0", on="m")], True),
        ("a claim of a placed pod that is not there", [claiming("q", "gone", "d0")], claiming("p", "d1"), [], True),
        (
            "a claim to be bound counts for its class's provisioner",
            [claiming("q", "d0", "d1")],
            claiming("p", "new"),
            [claim("new", storage_class="x"), storage_class("x")],
            False,
        ),
        (
            "another driver's",
            [claiming("q", "d0", "d1")],
            claiming("p", "new"),
            [claim("new", storage_class="x"), storage_class("x", provisioner="other")],
            True,
        ),
        ("a claim without a class counts for nothing", [claiming("q", "d0", "d1")], claiming("p", "new"), [claim("new")], True),
        (
            "a volume that is not there: its class",
            [claiming("q", "d0", "d1")],
            claiming("p", "new"),
            [bound(claim("new", storage_class="x"), "gone"), storage_class("x")],
            False,
        ),
    ],
)
def test_filter(why, placed, a_pod, objects, passes):
    cluster = cluster_with(*objects, placed=[other.on("n") for other in placed])
    assert judge(PLUGIN, a_pod, cluster) == {"n": None if passes else FULL}, why


@pytest.mark.parametrize("limits", [{}, {DRIVER: None}, {"other": 0}])
def test_nodes_without_a_limit(limits):
    assert judge(PLUGIN, claiming("p", "d0", "d1", "d2"), cluster_with(limits=limits)) == {"n": None}


def test_a_node_without_a_csi_node_has_no_limit():
    cluster = cluster_with()
    cluster.add_node(node("m").build())
    assert judge(PLUGIN, claiming("p", "d0", "d1", "d2"), cluster) == {"n": FULL, "m": None}


def test_limits_follow_their_objects():
    cluster = cluster_with()
    a_pod = claiming("p", "d0", "d1", "d2")
    cluster.put(csi_node("n", {DRIVER: 3}))
    assert judge(PLUGIN, a_pod, cluster) == {"n": None}
    cluster.put(csi_node("n", {DRIVER: 1}))
    assert judge(PLUGIN, a_pod, cluster) == {"n": FULL}


def test_pods_are_looked_up_as_the_node_is_now():
    cluster = cluster_with(placed=[claiming("q", "d0", "d1").on("n")])
    prepared = PLUGIN.prepare(claiming("p", "d2").build(), cluster)
    with cluster.fork():
        cluster.remove_pod("default/q")
        assert not PLUGIN.filter(prepared, cluster.rows()).any()
    assert PLUGIN.filter(prepared, cluster.rows()).any()


EBS, GCE = "kubernetes.io/aws-ebs", "kubernetes.io/gce-pd"


def inline(name, *volumes):
    plain = pod(name).on("n").build()
    return replace(plain, spec=replace(plain.spec, volumes=volumes))


def ebs(name):
    return Volume(aws_elastic_block_store=AWSElasticBlockStoreVolumeSource(name))


@pytest.mark.parametrize(
    ("why", "migrated", "passes"),
    [("migrated", EBS, False), ("among others", f"{GCE},{EBS}", False), ("another plugin", GCE, True), ("none", "", True)],
)
def test_in_tree_volumes(why, migrated, passes):
    cluster = cluster_with(
        placed=[inline("q", ebs("one"))], limits={"ebs.csi.aws.com": 1}, annotations={MIGRATED_PLUGINS: migrated} if migrated else None
    )
    assert judge(PLUGIN, inline("p", ebs("two")), cluster) == {"n": None if passes else FULL}, why
    assert judge(PLUGIN, inline("p", ebs("one")), cluster) == {"n": None}, "the same volume"


def test_in_tree_volumes_behind_claims():
    old = persistent_volume("old")
    old = replace(old, spec=replace(old.spec, csi=None, gce_persistent_disk=GCEPersistentDiskVolumeSource("disk")))
    objects = [bound(claim("c"), "old"), old, claim("new", storage_class="x"), storage_class("x", provisioner=GCE)]
    for migrated, verdict in (({MIGRATED_PLUGINS: GCE}, FULL), (None, None)):
        cluster = cluster_with(*objects, limits={"pd.csi.storage.gke.io": 1}, annotations=migrated)
        assert judge(PLUGIN, claiming("p", "c", "new"), cluster) == {"n": verdict}


def test_a_missing_claim_rejects_on_each_node():
    text = 'looking up PVC default/gone: persistentvolumeclaim "gone" not found'
    assert judge(PLUGIN, claiming("p", "d0", "gone"), cluster_with(limits={})) == {"n": unresolvable(text)}


def test_what_fails_the_cycle():
    with pytest.raises(SchedulingError, match="no name"):
        PLUGIN.prepare(claiming("p", "").build(), cluster_with())
    tmp = inline("p", Volume(name="tmp", ephemeral=EphemeralVolumeSource()))
    with pytest.raises(SchedulingError, match="not created for pod"):
        PLUGIN.prepare(tmp, cluster_with(claim("p-tmp")))


def test_pods_with_nothing_to_attach_are_skipped():
    assert PLUGIN.prepare(pod("p").build(), cluster_with()) is SKIP
    assert PLUGIN.prepare(inline("p", Volume(name="empty")), cluster_with()) is SKIP


@pytest.mark.parametrize(
    ("why", "resource", "action", "before", "after", "woken"),
    [
        ("a new CSINode", Resource.CSI_NODE, Action.ADD, None, csi_node("n", {}), True),
        ("a limit rose", Resource.CSI_NODE, Action.UPDATE, csi_node("n", {"x": 1}), csi_node("n", {"x": 2}), True),
        ("a limit appeared", Resource.CSI_NODE, Action.UPDATE, csi_node("n", {}), csi_node("n", {"x": 1}), True),
        ("a limit fell", Resource.CSI_NODE, Action.UPDATE, csi_node("n", {"x": 2}), csi_node("n", {"x": 1}), False),
        ("a pod with a claim went", Resource.ASSIGNED_POD, Action.DELETE, claiming("q", "d").on("n").build(), None, True),
        ("it had no place", Resource.UNSCHEDULED_POD, Action.DELETE, claiming("q", "d").build(), None, False),
        ("it was nominated", Resource.UNSCHEDULED_POD, Action.DELETE, claiming("q", "d").nominated("n").build(), None, True),
        ("an in-tree volume", Resource.ASSIGNED_POD, Action.DELETE, inline("q", ebs("x")), None, True),
        ("no volume", Resource.ASSIGNED_POD, Action.DELETE, pod("q").on("n").build(), None, False),
        ("its claim came", Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, None, claim("d0"), True),
        ("another came", Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, None, claim("d1"), False),
        ("something was detached", Resource.VOLUME_ATTACHMENT, Action.DELETE, attachment("v"), None, True),
        ("a node came", Resource.NODE, Action.ADD, None, node("m").build(), False),
    ],
)
def test_events(why, resource, action, before, after, woken):
    assert wakes(PLUGIN, claiming("p", "d0"), ClusterEvent(resource, action, before, after)) is woken, why


@pytest.mark.parametrize(("attacher", "woken"), [("ebs.csi.aws.com", True), (DRIVER, False)])
def test_a_detached_volume_wakes_pods_with_in_tree_volumes_of_that_driver(attacher, woken):
    gone = VolumeAttachment(spec=VolumeAttachmentSpec(attacher=attacher))
    assert wakes(PLUGIN, inline("p", ebs("x")), ClusterEvent(Resource.VOLUME_ATTACHMENT, Action.DELETE, gone, None)) is woken
