"""VolumeBinding node by node, volume by volume, and what it reserves on each node."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.arguments import VolumeBindingArgs
from binpack.framework.status import unresolvable
from binpack.model.base import replace
from binpack.plugins.assumed_volumes import SELECTED_NODE
from binpack.plugins.volume_binding import VolumeBinding
from binpack.testing import ZONE, claim, node, pod, selector
from binpack.testing.plugin_contract import check_filter
from binpack.testing.storage import bound, csi_driver, persistent_volume, reserved, storage_capacity, storage_class
from binpack.testing.trial import cluster_of, judge

PLUGIN = VolumeBinding(VolumeBindingArgs())
AFFINITY = "node(s) didn't match PersistentVolume's node affinity"
NO_MATCH = "node(s) didn't find available persistent volumes to bind"
NO_STORAGE = "node(s) did not have enough free storage"
MISSING = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
CLASSES, ZONES, SIZES = ("static", "made"), ("a", "b"), (1, 2, 3)
zone_lists = st.lists(st.sampled_from(ZONES), max_size=2, unique=True)


@st.composite
def claims(draw):
    found = []
    for number in range(draw(st.integers(1, 3))):
        one = claim(f"c{number}", size=draw(st.sampled_from(SIZES)), storage_class=draw(st.sampled_from(CLASSES)))
        if draw(st.integers(0, 3)) == 0:
            one = replace(one, spec=replace(one.spec, selector=selector({"disk": "ssd"})))
        fate = draw(st.sampled_from(("delayed", "delayed", "delayed", "bound", "selected")))
        if fate == "bound":
            one = bound(one, draw(st.sampled_from(("v0", "v1", "gone"))))
        if fate == "selected":
            where = {SELECTED_NODE: draw(st.sampled_from(("n0", "n1", "gone")))}
            one = replace(one, metadata=replace(one.metadata, annotations=where))
        found.append(one)
    return found


@st.composite
def volumes(draw, some_claims):
    found = []
    for number in range(draw(st.integers(0, 5))):
        one = persistent_volume(
            f"v{number}",
            size=draw(st.sampled_from(SIZES)),
            storage_class=draw(st.sampled_from(CLASSES)),
            zones=draw(zone_lists),
            labels=draw(st.sampled_from(({}, {"disk": "ssd"}))),
        )
        fate = draw(st.sampled_from(("free", "free", "free", "reserved", "released", "other mode")))
        if fate == "reserved":
            one = reserved(one, draw(st.sampled_from(some_claims)))
        if fate == "released":
            one = replace(one, status=replace(one.status, phase="Released"))
        if fate == "other mode":
            one = replace(one, spec=replace(one.spec, volume_mode="Block"))
        found.append(one)
    return found


@st.composite
def cases(draw):
    some_claims = draw(claims())
    zones = draw(st.lists(st.sampled_from((*ZONES, None)), min_size=1, max_size=4))
    nodes = [node(f"n{i}").build() if zone is None else node(f"n{i}").zone(zone).build() for i, zone in enumerate(zones)]
    named = draw(st.lists(st.sampled_from([c.metadata.name for c in some_claims]), min_size=1, max_size=4))
    rooms = draw(st.lists(st.tuples(st.sampled_from(SIZES), st.sampled_from((*ZONES, None)), st.sampled_from(CLASSES)), max_size=2))
    capacities = [storage_capacity(f"r{i}", size, zone=zone, storage_class=of) for i, (size, zone, of) in enumerate(rooms)]
    made = storage_class("made", zones=draw(zone_lists))
    drivers = draw(st.sampled_from(([], [csi_driver()], [csi_driver(reports_capacity=False)])))
    return nodes, some_claims, draw(volumes(some_claims)), named, made, capacities, drivers


# The plain twin


def reaches(volume, a_node):
    if volume.spec.node_affinity is None:
        return True
    values = volume.spec.node_affinity.required.node_selector_terms[0].match_expressions[0].values
    return a_node.metadata.labels.get(ZONE) in values


def units(quantities):
    return quantities["storage"].ceil_units()


def find_volume(a_claim, some_volumes, a_node, chosen):
    best = None
    for volume in some_volumes:
        reference = volume.spec.claim_ref
        if volume.spec.storage_class_name != a_claim.spec.storage_class_name or volume.metadata.name in chosen:
            continue
        if reference is not None and reference.name != a_claim.metadata.name:
            continue
        if units(volume.spec.capacity) < units(a_claim.spec.resources.requests) or volume.spec.volume_mode == "Block":
            continue
        if reference is not None:
            return volume if reaches(volume, a_node) else None
        wanted = a_claim.spec.selector.match_labels if a_claim.spec.selector else {}
        if volume.status.phase != "Available" or any(volume.metadata.labels.get(k) != v for k, v in wanted.items()):
            continue
        if reaches(volume, a_node) and (best is None or units(volume.spec.capacity) < units(best.spec.capacity)):
            best = volume
    return best


def judge_node(a_node, pods_claims, some_volumes, made, capacities, drivers):
    """Reasons, bindings and claims to be provisioned for one node."""
    reasons = [None, None, None, None]
    by_name = {volume.metadata.name: volume for volume in some_volumes}
    for one in pods_claims:
        if one.spec.volume_name:
            volume = by_name.get(one.spec.volume_name)
            if volume is None:
                reasons[3] = MISSING
                break
            if not reaches(volume, a_node):
                reasons[0] = AFFINITY
                break
    delayed = [one for one in pods_claims if not one.spec.volume_name]
    for one in delayed:
        if one.metadata.annotations.get(SELECTED_NODE, a_node.name) != a_node.name:
            reasons[1] = NO_MATCH
            return reasons, [], []
    to_match = [one for one in delayed if SELECTED_NODE not in one.metadata.annotations]
    to_make = [one for one in delayed if SELECTED_NODE in one.metadata.annotations]
    bindings = []
    for one in sorted(to_match, key=lambda c: units(c.spec.resources.requests)):
        volume = find_volume(one, some_volumes, a_node, [name for name, _ in bindings])
        if volume is None:
            to_make.append(one)
        else:
            bindings.append((volume.metadata.name, f"default/{one.metadata.name}"))
    provisions = []
    for one in to_make:
        topologies = made.allowed_topologies
        allowed = not topologies or a_node.metadata.labels.get(ZONE) in topologies[0].match_label_expressions[0].values
        if one.spec.storage_class_name == "static" or not allowed:
            reasons[1] = NO_MATCH
            break
        if drivers and drivers[0].spec.storage_capacity:
            room = False
            for capacity in capacities:
                zone = capacity.node_topology.match_labels.get(ZONE)
                near = zone is None or a_node.metadata.labels.get(ZONE) == zone
                enough = capacity.capacity.ceil_units() >= units(one.spec.resources.requests)
                room = room or (capacity.storage_class_name == "made" and near and enough)
            if not room:
                reasons[2] = NO_STORAGE
                break
        provisions.append(f"default/{one.metadata.name}")
    return reasons, bindings, provisions


@given(cases())
def test_plain_twin(case):
    nodes, some_claims, some_volumes, named, made, capacities, drivers = case
    cluster = cluster_of(nodes)
    for item in (*some_claims, *some_volumes, made, storage_class("static", provisioner="kubernetes.io/no-provisioner")):
        cluster.put(item)
    for item in (*capacities, *drivers):
        cluster.put(item)
    a_pod = pod("p")
    for name in named:
        a_pod = a_pod.claim(name)
    by_name = {one.metadata.name: one for one in some_claims}
    pods_claims = [by_name[name] for name in named]
    expected = {n.name: judge_node(n, pods_claims, some_volumes, made, capacities, drivers) for n in nodes}

    verdicts = {}
    for name, (reasons, _, _) in expected.items():
        found = [reason for reason in reasons if reason is not None]
        verdicts[name] = unresolvable(*found) if found else None
    assert judge(PLUGIN, a_pod, cluster) == verdicts
    check_filter(PLUGIN, a_pod.build(), cluster)

    for a_node in nodes:
        if verdicts[a_node.name] is not None:
            continue
        _, bindings, provisions = expected[a_node.name]
        with cluster.fork():
            allocation = PLUGIN.reserve(a_pod.build(), cluster, cluster.row_of(a_node.name))
            if allocation is None:
                assert not bindings
                assert not provisions
            else:
                assert list(allocation.content.bindings) == bindings
                assert list(allocation.content.provisions) == provisions
                allocation.undo()
        for item in (*some_claims, *some_volumes):
            assert cluster.catalog.get(item.kind, item.metadata.name, item.metadata.namespace) == item
