from __future__ import annotations

import pytest

from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import ContainerStatus, ResourceRequirements
from binpack.model.requests import fit_requests, fit_score_requests, is_extended, nonzero_requests, placed_requests, resource_list
from binpack.testing import PodBuilder, pod
from binpack.testing.values import quantities_of

DEFAULT_BYTES = 200 << 20


@pytest.mark.parametrize(
    ("why", "a_pod", "requests"),
    [
        (
            "init containers and sidecars in order, then the containers, then overhead",
            pod("p").request(cpu="300m").init(cpu="500m").sidecar(cpu="200m").init(cpu="600m").overhead(cpu="50m"),
            {"cpu": 850},
        ),
        ("no default in the filter", pod("p").request(cpu="50m").init(), {"cpu": 50}),
        ("halves of a byte are added before they are rounded", pod("p").request(memory="500m").container(memory="500m"), {"memory": 1}),
        ("a part of a milli-core is a whole one", pod("p").request(cpu="0.5m"), {"cpu": 1}),
        ("0.1Gi is rounded up", pod("p").request(memory="0.1Gi"), {"memory": 107374183}),
        ("a zero is present", pod("p").request({"nvidia.com/gpu": 0}), {"nvidia.com/gpu": 0}),
        ("unknown names vanish", pod("p").request({"widgets": 1, "pods": 1, "storage": 1}, cpu=1), {"cpu": 1000}),
        (
            "pod-level requests replace what they name",
            pod("p").request({"example.com/gpu": 1}, cpu=2, memory="1Gi").pod_level({"example.com/gpu": 3}, cpu=1),
            {"cpu": 1000, "memory": 1 << 30, "example.com/gpu": 1},
        ),
        ("and overhead comes on top", pod("p").pod_level(cpu=1).overhead(cpu="50m"), {"cpu": 1050}),
        ("beyond int64 it stays at its end", pod("p").request(cpu="9E"), {"cpu": (1 << 63) - 1}),
    ],
)
def test_fit_requests(why, a_pod, requests):
    assert fit_requests(a_pod.build()) == requests, why
    assert placed_requests(a_pod.build()) == requests, "without a status it is the same on a node"


@pytest.mark.parametrize(
    ("why", "a_pod", "nonzero", "score"),
    [
        ("per container, also init containers", pod("p").request(cpu="50m").init(), (100, DEFAULT_BYTES), (100, DEFAULT_BYTES)),
        ("an explicit 0 is not missing", pod("p").request(cpu=0, memory=0), (0, 0), (0, 0)),
        ("two containers, two defaults", pod("p").container(), (200, 2 * DEFAULT_BYTES), (200, 2 * DEFAULT_BYTES)),
        (
            "pod-level cpu: only what is nowhere is defaulted; the score of the incoming pod does not see it",
            pod("p").request(cpu="200m").container(cpu="200m").pod_level(cpu=1),
            (1000, 2 * DEFAULT_BYTES),
            (400, 2 * DEFAULT_BYTES),
        ),
        (
            "overhead is somewhere",
            pod("p").pod_level(cpu=1).overhead(memory="1Mi"),
            (1000, 1 << 20),
            (100, DEFAULT_BYTES + (1 << 20)),
        ),
    ],
)
def test_defaults_for_missing_requests(why, a_pod, nonzero, score):
    assert nonzero_requests(a_pod.build()) == nonzero, why
    requests = fit_score_requests(a_pod.build())
    assert (requests["cpu"], requests["memory"]) == score, why


def resized(a_pod, *, requests, allocated=None, reason=None):
    """Give the first container a status, and the pod the condition of a pending resize."""
    draft = a_pod.build()
    status = ContainerStatus(
        name=draft.spec.containers[0].name,
        resources=ResourceRequirements(requests=quantities_of(requests)),
        allocated_resources=quantities_of(allocated),
    )
    conditions = () if reason is None else (Condition(type="PodResizePending", status="True", reason=reason),)
    return PodBuilder(replace(draft, status=replace(draft.status, container_statuses=(status,), conditions=conditions)))


@pytest.mark.parametrize(
    ("why", "a_pod", "placed"),
    [
        ("the larger of spec and status", resized(pod("p").request(cpu=1), requests={"cpu": 2}), 2000),
        ("the spec is larger", resized(pod("p").request(cpu=3), requests={"cpu": 2}), 3000),
        ("what is allocated counts", resized(pod("p").request(cpu=1), requests={"cpu": 2}, allocated={"cpu": 4}), 4000),
        ("an infeasible resize: the spec does not", resized(pod("p").request(cpu=3), requests={"cpu": 2}, reason="Infeasible"), 2000),
        ("a deferred one: it does", resized(pod("p").request(cpu=3), requests={"cpu": 2}, reason="Deferred"), 3000),
    ],
)
def test_a_resize_counts_on_the_node_and_not_for_the_filter(why, a_pod, placed):
    built = a_pod.build()
    assert placed_requests(built) == {"cpu": placed}, why
    assert fit_requests(built) == {"cpu": built.spec.containers[0].resources.requests["cpu"].ceil_milli()}


def test_allocatable_keeps_the_number_of_pods_and_drops_unknown_names():
    amounts = quantities_of({"cpu": "3900m", "memory": "1Gi", "pods": "110", "widgets": "4", "hugepages-2Mi": 0, "example.com/gpu": 2})
    assert resource_list(amounts) == {"cpu": 3900, "memory": 1 << 30, "pods": 110, "hugepages-2Mi": 0, "example.com/gpu": 2}


@pytest.mark.parametrize(
    ("name", "extended"),
    [
        ("nvidia.com/gpu", True),
        ("cpu", False),
        ("kubernetes.io/thing", False),
        ("sub.kubernetes.io/thing", False),
        ("requests.nvidia.com/gpu", False),
        ("nvidia.com/", False),
        ("/gpu", False),
        ("a/b/c", False),
    ],
)
def test_extended_resources(name, extended):
    assert is_extended(name) is extended
