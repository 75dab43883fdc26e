from __future__ import annotations

import json

import pytest

from binpack.model.base import to_builtins
from binpack.model.pod import Toleration
from binpack.model.quantity import Quantity
from binpack.testing import HOSTNAME, ZONE, expression, pod


@pytest.mark.parametrize(
    ("why", "builder", "toleration"),
    [
        ("a key alone", pod().tolerates("spot"), Toleration("spot", "Exists")),
        ("key and value", pod().tolerates("gpu", "true"), Toleration("gpu", "Equal", "true")),
        ("one effect", pod().tolerates("gpu", effect="NoExecute"), Toleration("gpu", "Exists", "", "NoExecute")),
        ("for a time", pod().tolerates("gpu", seconds=5), Toleration("gpu", "Exists", "", "", 5)),
        ("another operator", pod().tolerates("gpu", "3", operator="Gt"), Toleration("gpu", "Gt", "3")),
        ("all", pod().tolerates_everything(), Toleration("", "Exists")),
    ],
)
def test_tolerations(why, builder, toleration):
    assert builder.build().spec.tolerations == (toleration,), why


def test_containers_in_the_order_in_which_they_were_named():
    spec = (
        pod().request(cpu="500m", memory="1Gi").request({"example.com/gpu": 1}).limit(cpu=1).image("web:1").host_port(80)
        .container(cpu="100m").init(cpu=2).sidecar(memory="64Mi").build().spec
    )  # fmt: skip
    first, second = spec.containers
    assert first.resources.requests == {"cpu": Quantity.milli(500), "memory": Quantity.parse("1Gi"), "example.com/gpu": Quantity.of(1)}
    assert first.resources.limits == {"cpu": Quantity.of(1)}
    assert (first.image, first.ports[0].host_port, first.ports[0].protocol) == ("web:1", 80, "TCP")
    assert second.resources.requests == {"cpu": Quantity.milli(100)}
    assert [(c.name, c.restart_policy) for c in spec.init_containers] == [("init-0", None), ("init-1", "Always")]


def test_node_affinity_terms_are_alternatives_and_expressions_conditions():
    built = (
        pod().selects(disk="ssd").requires_node(expression(ZONE, "In", "a", "b"), expression("gpu", "DoesNotExist"))
        .requires_node_named("n1").prefers_node(5, expression("x", "Gt", "3")).build()
    )  # fmt: skip
    assert json.loads(json.dumps(to_builtins(built.spec.affinity)))["nodeAffinity"] == {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a", "b"]}, {"key": "gpu", "operator": "DoesNotExist"}]},
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]},
            ]
        },
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 5, "preference": {"matchExpressions": [{"key": "x", "operator": "Gt", "values": ["3"]}]}}
        ],
    }
    assert built.spec.node_selector == {"disk": "ssd"}


def test_pod_affinity_required_and_preferred():
    affinity = (
        pod().near({"app": "db"}, ZONE).apart_from({"app": "web"}).apart_from(None, ZONE, weight=7, namespaces=["a"]).build().spec.affinity
    )
    assert affinity.pod_affinity.required_during_scheduling_ignored_during_execution[0].topology_key == ZONE
    anti = affinity.pod_anti_affinity
    assert anti.required_during_scheduling_ignored_during_execution[0].topology_key == HOSTNAME
    (weighted,) = anti.preferred_during_scheduling_ignored_during_execution
    assert (weighted.weight, weighted.pod_affinity_term.label_selector, weighted.pod_affinity_term.namespaces) == (7, None, ("a",))


def test_spread_counts_the_pods_own_labels_unless_told():
    own, other = (
        pod()
        .label(app="web")
        .spread(ZONE)
        .spread(ZONE, max_skew=3, when="ScheduleAnyway", labels={"a": "b"})
        .build()
        .spec.topology_spread_constraints
    )
    assert (own.max_skew, own.when_unsatisfiable, own.label_selector.match_labels) == (1, "DoNotSchedule", {"app": "web"})
    assert (other.max_skew, other.when_unsatisfiable, other.label_selector.match_labels) == (3, "ScheduleAnyway", {"a": "b"})


def test_the_rest_of_a_pod():
    built = (
        pod("p", namespace="shop").owner("ReplicaSet", "web-1", uid="u").priority(10).priority_class("high").never_preempts().claim("data")
        .overhead(cpu="10m").pod_level(cpu=1).gate("wait").scheduler("mine").nominated("n2").on("n1").terminating(5).created(1)
        .restarts("Never").lasts(90).build()
    )  # fmt: skip
    assert built.key == "shop/p"
    assert built.priority == 10
    assert built.metadata.owner_references[0].controller
    assert built.spec.volumes[0].persistent_volume_claim.claim_name == "data"
    assert (built.spec.node_name, built.status.phase, built.status.nominated_node_name) == ("n1", "Running", "n2")
    assert built.is_terminating
    assert built.metadata.annotations == {"binpack.dev/duration": "90s"}


def test_a_shared_start_is_not_changed_by_what_is_built_from_it():
    start = pod("p").request(cpu=1)
    start.request(cpu=2).label(a="b").container(cpu=1).on("n1")
    assert start == pod("p").request(cpu=1)
