"""Disruption budgets, and evictions that ask them.

Documented: https://kubernetes.io/docs/concepts/workloads/pods/disruptions;
the rest after pkg/controller/disruption/disruption_test.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ApiError, TooManyRequestsError
from binpack.control.apiserver.eviction import charged, evict
from binpack.control.conditions import find_condition, is_ready
from binpack.control.controllers.disruption import DisruptionController, expected_pods
from binpack.control.controllers.replicaset import ReplicaSetController
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.pod import Container, Pod, PodSpec, PodTemplateSpec
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec
from binpack.model.workloads import ReplicaSet, ReplicaSetSpec

SELECTOR = LabelSelector(match_labels={"app": "web"})


def web(replicas: int = 3) -> ReplicaSet:
    template = PodTemplateSpec(ObjectMeta(labels={"app": "web"}), PodSpec(containers=(Container(name="c"),)))
    return ReplicaSet(metadata=ObjectMeta(name="web"), spec=ReplicaSetSpec(replicas=replicas, selector=SELECTOR, template=template))


def budget(name: str = "guard", **spec) -> PodDisruptionBudget:
    return PodDisruptionBudget(metadata=ObjectMeta(name=name), spec=PodDisruptionBudgetSpec(selector=SELECTOR, **spec))


def status(bench):
    return bench.store.get(PodDisruptionBudget, "guard", "default").status


def started(bench, *budgets: PodDisruptionBudget):
    bench.store.create(web())
    for one in budgets:
        bench.store.create(one)
    return bench.start(ReplicaSetController, DisruptionController).run_all()


def first(bench) -> str:
    pods = [pod for pod in bench.pods() if not pod.is_terminating]
    return max(pods, key=is_ready).metadata.name


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"min_available": 2}, (4, 2)),
        ({"min_available": "50%"}, (7, 4)),
        ({"max_unavailable": 2}, (7, 5)),
        ({"max_unavailable": "50%"}, (7, 3)),
        ({"max_unavailable": 9}, (7, 0)),
    ],
)
def test_what_a_budget_counts_on(spec, expected):
    assert expected_pods(PodDisruptionBudgetSpec(**spec), 4, 7) == expected


def test_a_budget_blocks_the_second_eviction_until_the_replacement_is_ready(bench):
    started(bench, budget(max_unavailable=1))
    assert (status(bench).disruptions_allowed, status(bench).current_healthy) == (1, 3)
    evict(bench.store, first(bench), "default")
    bench.settle()
    with pytest.raises(TooManyRequestsError, match="would violate the pod's disruption budget") as refusal:
        evict(bench.store, first(bench), "default")
    assert refusal.value.cause == "The disruption budget guard needs 2 healthy pods and has 2 currently"
    bench.run_all()
    assert status(bench).disruptions_allowed == 1
    evict(bench.store, first(bench), "default")


def test_an_evicted_pod_is_marked_and_terminating(bench):
    started(bench, budget(max_unavailable=1))
    evicted = evict(bench.store, first(bench), "default")
    condition = find_condition(evicted.status.conditions, "DisruptionTarget")
    assert evicted.is_terminating
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", "EvictionByEvictionAPI")


def test_without_a_budget_everything_goes(bench):
    started(bench)
    for _ in range(3):
        evict(bench.store, first(bench), "default")
    assert sum(pod.is_terminating for pod in bench.pods()) == 3


def test_a_pending_pod_is_not_asked_for(bench):
    bench.store.create(web())
    bench.store.create(budget(max_unavailable=0))
    bench.start(ReplicaSetController, DisruptionController)
    gone = first(bench)
    evict(bench.store, gone, "default")
    assert bench.store.find(Pod, gone, "default") is None


def test_two_budgets_are_one_too_many(bench):
    started(bench, budget(max_unavailable=1), budget("other", max_unavailable=1))
    with pytest.raises(ApiError, match="more than one PodDisruptionBudget"):
        evict(bench.store, first(bench), "default")


def test_a_pod_that_nobody_owns_has_no_scale(bench):
    bench.store.create(Pod(metadata=ObjectMeta(name="naked", labels={"app": "web"}), spec=PodSpec(containers=(Container(name="c"),))))
    bench.store.create(budget(min_available="50%"))
    bench.start(DisruptionController)
    assert status(bench).disruptions_allowed == 0
    assert any(one.startswith("UnmanagedPods") for one in bench.told())


def test_an_eviction_that_nobody_follows_up_is_forgotten(bench):
    started(bench, budget(max_unavailable=1))
    name = first(bench)
    current = bench.store.get(PodDisruptionBudget, "guard", "default")
    bench.store.update_status(charged(current, bench.store.get(Pod, name, "default"), bench.store.clock.now_us))
    bench.settle()
    assert status(bench).disruptions_allowed == 0
    bench.wait(121)
    assert status(bench).disruptions_allowed == 1
    assert status(bench).disrupted_pods == {}
