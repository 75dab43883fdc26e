from __future__ import annotations

import numpy as np
import pytest

from binpack import manifests
from binpack.control.controllers.daemonset.nodes import target_of
from binpack.control.expand import OWNERS, expand, expand_workloads
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta, controller_of
from binpack.model.workloads import ClaimTemplate
from binpack.testing import claim, daemon_set, deployment, job, node, pod, priority_class, replica_set, stateful_set


def test_owners_without_pods_are_expanded_in_the_order_of_the_input():
    objects = [
        replica_set("db", pod().request(cpu="2"), replicas=2),
        deployment("web", pod().request(cpu="1"), replicas=3),
        job("build", pod(), completions=5, parallelism=2),
    ]
    pods = expand_workloads(objects)
    assert [one.metadata.labels.get("app") for one in pods] == ["db", "db", "web", "web", "web", "build", "build"]
    assert [controller_of(one.metadata).kind for one in pods] == ["ReplicaSet"] * 5 + ["Job"] * 2
    assert all(one.status.phase == "Pending" and not one.spec.node_name for one in pods)
    assert len({one.metadata.name for one in pods}) == 7


def test_owners_that_have_pods_are_left_alone():
    web = deployment("web", pod(), replicas=3)
    present = replica_set("web-1", pod(), replicas=1)
    owner = pod().owner("Deployment", "web").build().metadata.owner_references
    present = replace(present, metadata=replace(present.metadata, owner_references=owner))
    mine = pod("web-1-x").owner("ReplicaSet", "web-1").build()
    assert expand_workloads([web, present, mine]) == ()
    assert len(expand_workloads([web, present])) == 1


def test_pods_are_admitted():
    objects = [priority_class("high", 1000), deployment("web", pod().priority_class("high").request(cpu="1"), replicas=1)]
    (only,) = expand_workloads(objects)
    assert only.spec.priority == 1000
    assert [one.toleration_seconds for one in only.spec.tolerations] == [300, 300]
    assert only.spec.scheduler_name == "default-scheduler"


def test_large_owners_need_more_than_one_sync():
    assert len(expand_workloads([replica_set("big", pod(), replicas=1201)])) == 1201


def test_names_depend_on_the_generator_alone():
    objects = [deployment("web", pod(), replicas=3)]
    names = [[one.key for one in expand_workloads(objects, generator=np.random.default_rng(seed))] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2]


def test_what_is_suspended_paused_or_gone_has_no_pods():
    suspended = job("build", pod())
    suspended = replace(suspended, spec=replace(suspended.spec, suspend=True))
    paused = deployment("web", pod())
    paused = replace(paused, spec=replace(paused.spec, paused=True))
    assert expand_workloads([suspended, paused, deployment("none", pod(), replicas=0)]) == ()


def test_a_pod_that_is_refused_is_a_mistake_of_the_manifest():
    with pytest.raises(ManifestError, match=r"ReplicaSet default/web-\w+: .*no PriorityClass with name gold was found"):
        expand_workloads([deployment("web", pod().priority_class("gold"), replicas=3)])


def test_members_of_an_ordered_set_all_come_though_nothing_runs():
    made = stateful_set("db", pod().request(cpu="1"), replicas=4)
    data = ClaimTemplate(metadata=ObjectMeta(name="data"), spec=claim("x").spec)
    made = replace(made, spec=replace(made.spec, volume_claim_templates=(data,), min_ready_seconds=30))
    expansion = expand([made])
    assert [one.metadata.name for one in expansion.pods] == ["db-0", "db-1", "db-2", "db-3"]
    assert all(one.status.phase == "Pending" and not one.status.conditions for one in expansion.pods)
    assert [one.metadata.name for one in expansion.claims] == [f"data-db-{number}" for number in range(4)]
    assert expand([made, claim("data-db-1")]).claims[1].metadata.name == "data-db-2"


def test_a_daemon_set_has_a_pod_for_each_node_that_it_fits():
    nodes = [node("a"), node("b").taint("gpu", "yes"), node("c").cordon()]
    pods = expand_workloads([*(one.build() for one in nodes), daemon_set("agent", pod().request(cpu="100m"))])
    assert [target_of(one) for one in pods] == ["a", "c"]


def test_the_kinds_that_manifests_are_read_for_are_those_that_are_expanded():
    assert manifests._EXPANDED == OWNERS
