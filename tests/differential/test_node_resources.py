"""NodeResourcesFit and NodeResourcesBalancedAllocation against loops over nodes, pods, containers and resources, on exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.arguments import (
    NodeResourcesBalancedAllocationArgs,
    NodeResourcesFitArgs,
    RequestedToCapacityRatio,
    ResourceSpec,
    ScoringStrategy,
    UtilizationShapePoint,
)
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.pod import Container, PodSpec, ResourceRequirements
from binpack.model.quantity import NANO, Quantity
from binpack.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.testing import node, pod
from binpack.testing.plugin_contract import check_filter, check_score
from binpack.testing.trial import cluster_of, judge, rate, wakes

USUAL = ("cpu", "memory", "ephemeral-storage")
EXTENDED = ("example.com/gpu", "example.com/nic", "other.org/disk")
SCALARS = (*EXTENDED, "hugepages-2Mi", "attachable-volumes-x", "kubernetes.io/thing")
NAMES = (*USUAL, *SCALARS)
NOBODYS = ("widgets", "requests.example.com/gpu", "pods")
DEFAULTS = {"cpu": Fraction(1, 10), "memory": Fraction(200 * 2**20)}


def amounts(name, most=4):
    """Amounts that make things fit and not fit, and ones that have to be rounded up."""
    if name == "cpu":
        return st.one_of(
            st.integers(0, most * 10).map(lambda n: Quantity.milli(100 * n)), st.sampled_from(("0.5m", "1n", "1.0005")).map(Quantity.parse)
        )
    if name in ("memory", "ephemeral-storage", "hugepages-2Mi"):
        return st.one_of(
            st.integers(0, most * 4).map(lambda n: Quantity.parse(f"{n * 256}Mi")),
            st.sampled_from(("500m", "0.1Gi", "1")).map(Quantity.parse),
        )
    return st.integers(0, most).map(Quantity.of)


def requests(names, most=2):
    return st.fixed_dictionaries({}, optional={name: amounts(name, most) for name in names})


containers = st.builds(lambda wants: Container(resources=ResourceRequirements(requests=wants)), requests((*NAMES, *NOBODYS)))
init_containers = st.builds(lambda c, policy: replace(c, restart_policy=policy), containers, st.sampled_from((None, "Always")))
pod_level = st.one_of(
    st.none(),
    st.builds(lambda wants: ResourceRequirements(requests=wants), requests(("cpu", "memory", "hugepages-2Mi", "example.com/gpu"))),
)
specs = st.builds(
    lambda main, init, level, overhead: PodSpec(
        containers=tuple(main), init_containers=tuple(init), resources=level, overhead=overhead, scheduler_name="default-scheduler"
    ),
    st.lists(containers, min_size=1, max_size=2),
    st.lists(init_containers, max_size=2),
    pod_level,
    requests(("cpu", "memory")),
)
capacities = st.fixed_dictionaries({}, optional={name: amounts(name, 8) for name in NAMES} | {"pods": st.integers(0, 5).map(Quantity.of)})
clusters = st.lists(st.tuples(capacities, st.lists(specs, max_size=2)), min_size=1, max_size=4)


# The plain twin: requests


def is_supported_at_pod_level(name):
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def exact_total(spec, *, use_pod_level=True, defaults=False):
    """A pod's total on exact fractions: name to amount."""

    def of(container):
        wants = {name: Fraction(quantity.nanos, NANO) for name, quantity in container.resources.requests.items()}
        if defaults:
            for name, default in DEFAULTS.items():
                wants.setdefault(name, default)
        return wants

    names = set()
    for container in (*spec.containers, *spec.init_containers):
        names |= of(container).keys()
    total = {}
    for name in names:
        main = sum((of(c).get(name, 0) for c in spec.containers), Fraction(0))
        main += sum((of(i).get(name, 0) for i in spec.init_containers if i.restart_policy == "Always"), Fraction(0))
        highest = main
        for position, init in enumerate(spec.init_containers):
            before = sum((of(k).get(name, 0) for k in spec.init_containers[:position] if k.restart_policy == "Always"), Fraction(0))
            highest = max(highest, before + of(init).get(name, 0))
        total[name] = highest
    level = {} if spec.resources is None else spec.resources.requests
    if use_pod_level and any(is_supported_at_pod_level(name) for name in level):
        for name, quantity in level.items():
            if is_supported_at_pod_level(name):
                total[name] = Fraction(quantity.nanos, NANO)
    for name, quantity in spec.overhead.items():
        total[name] = total.get(name, Fraction(0)) + Fraction(quantity.nanos, NANO)
    return total


def whole(total):
    return {name: math.ceil(amount * 1000 if name == "cpu" else amount) for name, amount in total.items() if name in NAMES}


def nonzero(spec):
    """What a pod adds to its node's nonzero requested."""
    level = {} if spec.resources is None else spec.resources.requests
    if not any(is_supported_at_pod_level(name) for name in level):
        return whole(exact_total(spec, defaults=True))
    present = exact_total(spec)
    defaulted = exact_total(spec, defaults=True)
    return whole({name: present.get(name, defaulted.get(name, 0)) for name in DEFAULTS})


# The plain twin: nodes and verdicts


class PlainNode:
    def __init__(self, name, capacity, own_specs):
        self.name = name
        self.allowed = math.ceil(Fraction(capacity["pods"].nanos, NANO)) if "pods" in capacity else 0
        self.pods = len(own_specs)
        self.allocatable = whole({name: Fraction(quantity.nanos, NANO) for name, quantity in capacity.items()})
        self.requested, self.nonzero = {}, {}
        for spec in own_specs:
            for name, amount in whole(exact_total(spec)).items():
                self.requested[name] = self.requested.get(name, 0) + amount
            for name in DEFAULTS:
                self.nonzero[name] = self.nonzero.get(name, 0) + nonzero(spec).get(name, 0)


def verdict(spec, plain, ignored, ignored_groups):
    wants = whole(exact_total(spec))
    reasons, unfit = [], False
    if plain.pods + 1 > plain.allowed:
        reasons.append("Too many pods")
    for name in (*USUAL, *sorted(set(wants) - set(USUAL))):
        amount = wants.get(name, 0)
        if amount == 0 or (name in EXTENDED and (name in ignored or name.split("/")[0] in ignored_groups)):
            continue
        allocatable = plain.allocatable.get(name, 0)
        if amount > allocatable - plain.requested.get(name, 0):
            reasons.append(f"Insufficient {name}")
            unfit = unfit or amount > allocatable
    if not reasons:
        return None
    return unresolvable(*reasons) if unfit else unschedulable(*reasons)


def go_div(a, b):
    quotient = abs(a) // abs(b)
    return quotient if (a >= 0) == (b >= 0) else -quotient


def go_round(x):
    return math.floor(abs(x) + 0.5) * (1 if x >= 0 else -1)


def scored(spec, plain, resources):
    """(requested with the pod, allocatable, weight) of each resource that counts."""
    wants = whole(exact_total(spec, use_pod_level=False, defaults=True))
    for resource in resources:
        name, amount = resource.name, wants.get(resource.name, 0)
        allocatable = plain.allocatable.get(name, 0)
        if name not in NAMES or (name in SCALARS and amount == 0) or allocatable == 0:
            continue
        used = plain.nonzero.get(name, 0) if name in DEFAULTS else plain.requested.get(name, 0)
        yield used + amount, allocatable, resource.weight


def shape_value(points, utilization):
    scaled = [(point.utilization, 10 * point.score) for point in points]
    if utilization <= scaled[0][0]:
        return scaled[0][1]
    for (left, low), (right, high) in pairwise(scaled):
        if utilization <= right:
            return low + go_div((high - low) * (utilization - left), right - left)
    return scaled[-1][1]


def fit_score(spec, plain, strategy):
    total, weights = 0, 0
    for requested, allocatable, weight in scored(spec, plain, strategy.resources):
        if strategy.type == "LeastAllocated":
            score = 0 if requested > allocatable else go_div((allocatable - requested) * 100, allocatable)
        elif strategy.type == "MostAllocated":
            score = go_div(min(requested, allocatable) * 100, allocatable)
        else:
            utilization = 100 if requested > allocatable else go_div(requested * 100, allocatable)
            score = shape_value(strategy.requested_to_capacity_ratio.shape, utilization)
            if score == 0:
                continue
        total += score * weight
        weights += weight
    if weights == 0:
        return 0
    return go_round(total / weights) if strategy.type == "RequestedToCapacityRatio" else go_div(total, weights)


def balance(spec, plain, resources):
    """The score; None where PreScore skips."""
    wants = whole(exact_total(spec))
    if all(wants.get(resource.name, 0) == 0 for resource in resources):
        return None
    fractions = []
    for resource in resources:
        name, allocatable = resource.name, plain.allocatable.get(resource.name, 0)
        if name not in NAMES or allocatable == 0 or (name in SCALARS and wants.get(name, 0) == 0):
            continue
        fractions.append(min(1.0, float(plain.requested.get(name, 0) + wants.get(name, 0)) / float(allocatable)))
    deviation = 0.0
    if len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2)
    elif len(fractions) > 2:
        total = 0.0
        for fraction in fractions:
            total += fraction
        mean = total / float(len(fractions))
        squares = 0.0
        for fraction in fractions:
            squares += (fraction - mean) * (fraction - mean)
        deviation = math.sqrt(squares / float(len(fractions)))
    return int((1 - deviation) * 100.0)


# The comparison

shapes = st.dictionaries(st.integers(0, 100), st.integers(0, 10), min_size=1, max_size=4).map(
    lambda points: tuple(UtilizationShapePoint(utilization, points[utilization]) for utilization in sorted(points))
)
resource_specs = st.lists(
    st.builds(ResourceSpec, st.sampled_from((*NAMES, *NOBODYS)), st.integers(1, 100)),
    min_size=1,
    max_size=5,
    unique_by=lambda spec: spec.name,
).map(tuple)
strategies = st.builds(
    lambda kind, resources, shape: ScoringStrategy(kind, resources, RequestedToCapacityRatio(shape)),
    st.sampled_from(("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")),
    resource_specs,
    shapes,
)


def build(drawn):
    nodes, placed, plain_nodes = [], [], []
    for number, (capacity, own_specs) in enumerate(drawn):
        name = f"n{number}"
        nodes.append(node(name).without_resources().allocatable(capacity))
        plain_nodes.append(PlainNode(name, capacity, own_specs))
        for index, spec in enumerate(own_specs):
            placed.append(replace(pod(f"{name}-{index}").build(), spec=replace(spec, node_name=name)))
    return cluster_of(nodes, placed), plain_nodes


def pod_of(spec):
    return replace(pod("p").build(), spec=spec)


@given(clusters, specs, st.sets(st.sampled_from((*EXTENDED, "hugepages-2Mi"))), st.sets(st.sampled_from(("example.com", "other.org"))))
def test_filter(drawn, spec, ignored, groups):
    cluster, plain_nodes = build(drawn)
    plugin = NodeResourcesFit(NodeResourcesFitArgs(ignored_resources=tuple(sorted(ignored)), ignored_resource_groups=tuple(sorted(groups))))
    assert judge(plugin, pod_of(spec), cluster) == {plain.name: verdict(spec, plain, ignored, groups) for plain in plain_nodes}
    check_filter(plugin, pod_of(spec), cluster)


@given(clusters, specs, strategies)
def test_fit_score(drawn, spec, strategy):
    cluster, plain_nodes = build(drawn)
    plugin = NodeResourcesFit(NodeResourcesFitArgs(scoring_strategy=strategy))
    assert rate(plugin, pod_of(spec), cluster) == {plain.name: fit_score(spec, plain, strategy) for plain in plain_nodes}
    check_score(plugin, pod_of(spec), cluster)


@given(clusters, specs, resource_specs)
def test_balanced_allocation(drawn, spec, resources):
    cluster, plain_nodes = build(drawn)
    plugin = NodeResourcesBalancedAllocation(NodeResourcesBalancedAllocationArgs(resources=resources))
    expected = {plain.name: balance(spec, plain, resources) for plain in plain_nodes}
    assert rate(plugin, pod_of(spec), cluster) == {name: score for name, score in expected.items() if score is not None}
    check_score(plugin, pod_of(spec), cluster)


@given(specs, capacities, st.one_of(st.none(), capacities))
def test_node_hint(spec, after, before):
    new, old = PlainNode("n", after, []), PlainNode("n", before or {}, [])
    wants = {name: amount for name, amount in whole(exact_total(spec)).items() if amount > 0}
    fits = verdict(spec, new, (), ()) is None
    rose = new.allowed > old.allowed or any(new.allocatable.get(name, 0) > old.allocatable.get(name, 0) for name in wants)
    now, then = (None if c is None else node("n").without_resources().allocatable(c).build() for c in (after, before))
    event = ClusterEvent(Resource.NODE, Action.ADD if before is None else Action.UPDATE_NODE_ALLOCATABLE, then, now)
    assert wakes(NodeResourcesFit(NodeResourcesFitArgs()), pod_of(spec), event) is (fits and (before is None or rose))
