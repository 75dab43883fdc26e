"""NodeVolumeLimits against loops over nodes, pods and volumes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.status import unschedulable
from binpack.model.meta import ObjectMeta
from binpack.model.storage import VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentSpec
from binpack.plugins.node_volume_limits import NodeVolumeLimits
from binpack.testing import claim, node, pod
from binpack.testing.plugin_contract import check_filter
from binpack.testing.storage import bound, csi_node, persistent_volume, storage_class
from binpack.testing.trial import cluster_of, judge

DRIVERS = ("one.example.com", "two.example.com")
CLAIMS = tuple(f"c{number}" for number in range(5))
volumes = st.sampled_from((*(f"v{number}" for number in range(4)), "gone", ""))
limits = st.one_of(st.none(), st.dictionaries(st.sampled_from(DRIVERS), st.one_of(st.none(), st.integers(0, 3)), max_size=2))
claim_lists = st.lists(st.sampled_from(CLAIMS), max_size=3)


def attached(names, claims, driver_of_volume, class_of_claim):
    """Volume to driver, for the claims that a pod names."""
    found = {}
    for name in names:
        if name not in claims:
            continue
        volume = claims[name]
        if volume in driver_of_volume:
            found[f"volume {volume}"] = driver_of_volume[volume]
        elif class_of_claim[name] in DRIVERS:
            found[f"claim {name}"] = class_of_claim[name]
    return found


@given(
    claims=st.dictionaries(st.sampled_from(CLAIMS), volumes, max_size=5),
    classes=st.tuples(*[st.sampled_from((*DRIVERS, "none"))] * len(CLAIMS)),
    drivers=st.tuples(*[st.sampled_from(DRIVERS)] * 4),
    node_limits=st.lists(limits, min_size=1, max_size=3),
    placed=st.lists(st.tuples(st.integers(0, 2), claim_lists), max_size=5),
    records=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=3, unique=True),
    data=st.data(),
)
def test_plain_twin(claims, classes, drivers, node_limits, placed, records, data):
    wanted = data.draw(st.lists(st.sampled_from(sorted(claims)), min_size=1, max_size=3)) if claims else []
    driver_of_volume = {f"v{number}": driver for number, driver in enumerate(drivers)}
    class_of_claim = dict(zip(CLAIMS, classes, strict=True))
    placed = [(number % len(node_limits), names) for number, names in placed]
    records = {(number % len(node_limits), volume) for number, volume in records}

    others = []
    for number, (where, names) in enumerate(placed):
        other = pod(f"q{number}").on(f"n{where}")
        for name in names:
            other = other.claim(name)
        others.append(other)
    cluster = cluster_of([node(f"n{number}") for number in range(len(node_limits))], others)
    for name, volume in claims.items():
        one = claim(name, storage_class=class_of_claim[name])
        cluster.put(bound(one, volume) if volume else one)
    for volume, driver in driver_of_volume.items():
        cluster.put(persistent_volume(volume, driver=driver))
    for driver in DRIVERS:
        cluster.put(storage_class(driver, provisioner=driver))
    for number, of_drivers in enumerate(node_limits):
        if of_drivers is not None:
            cluster.put(csi_node(f"n{number}", of_drivers))
    for where, volume in records:
        spec = VolumeAttachmentSpec(drivers[volume], f"n{where}", VolumeAttachmentSource(f"v{volume}"))
        cluster.put(VolumeAttachment(metadata=ObjectMeta(name=f"n{where}-v{volume}"), spec=spec))
    a_pod = pod("p")
    for name in wanted:
        a_pod = a_pod.claim(name)

    expected = {}
    for number, of_drivers in enumerate(node_limits):
        there = {}
        for where, names in placed:
            if where == number:
                there.update(attached(names, claims, driver_of_volume, class_of_claim))
        for where, volume in records:
            if where == number:
                there[f"volume v{volume}"] = drivers[volume]
        new = {k: v for k, v in attached(wanted, claims, driver_of_volume, class_of_claim).items() if k not in there}
        verdict = None
        for driver, limit in (of_drivers or {}).items():
            added = [one for one in new.values() if one == driver]
            if limit is not None and added and len([one for one in there.values() if one == driver]) + len(added) > limit:
                verdict = unschedulable("node(s) exceed max volume count")
        expected[f"n{number}"] = verdict
    assert judge(NodeVolumeLimits(), a_pod, cluster) == expected
    check_filter(NodeVolumeLimits(), a_pod.build(), cluster)
