"""ReplicaSets: creation in batches, deletion in order, adoption. Documented: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset;
the rest after pkg/controller/replicaset/replica_set_test.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.actions import Create
from binpack.control.apiserver.errors import ForbiddenError
from binpack.control.controllers.replicaset import ReplicaSetController, replica_set_status
from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.workloads import ReplicaSet
from binpack.testing import pod, replica_set


def scaled(value, replicas):
    return replace(value, spec=replace(value.spec, replicas=replicas))


def get(bench, name="web"):
    return bench.store.get(ReplicaSet, name, "default")


def test_it_creates_what_is_missing_in_growing_batches(store):
    created = store.create(replica_set("web", pod().request(cpu="1"), replicas=6))
    controller = ReplicaSetController()
    plan = controller.reconcile("default/web", store, controller.new_memory(), 0)
    assert [len(stage) for stage in plan.stages] == [1, 2, 3]
    write = plan.stages[0][0]
    assert isinstance(write, Create)
    assert write.object.metadata.generate_name == "web-"
    assert controller_of(write.object.metadata).uid == created.metadata.uid


def test_it_waits_for_what_it_expects(store):
    store.create(replica_set("web", pod(), replicas=3))
    controller = ReplicaSetController()
    memory = controller.new_memory()
    assert controller.reconcile("default/web", store, memory, 0).stages
    assert not controller.reconcile("default/web", store, memory, 0).stages
    assert not controller.reconcile("default/web", store, memory, 300_000_000).stages
    assert controller.reconcile("default/web", store, memory, 300_000_001).stages, "five minutes later it tries again"


def test_pods_and_status(bench):
    bench.store.create(replica_set("web", pod(), replicas=3))
    bench.start(ReplicaSetController)
    status = get(bench).status
    assert (status.replicas, status.ready_replicas, status.fully_labeled_replicas, status.observed_generation) == (3, 0, 3, 1)
    bench.run_all()
    assert (get(bench).status.ready_replicas, get(bench).status.available_replicas) == (3, 3)
    assert [text.split(":")[0] for text in bench.told()] == ["SuccessfulCreate"] * 3


def test_it_deletes_the_worst_ranked(bench):
    bench.store.create(replica_set("web", pod(), replicas=3))
    bench.start(ReplicaSetController)
    waiting, *others = bench.pods()
    for one in others:
        bench.edit_pod(one, node="n1", phase="Running", ready=True)
    bench.store.update(scaled(get(bench), 2))
    bench.settle()
    assert [one.metadata.name for one in bench.pods()] == [one.metadata.name for one in others]
    assert bench.told()[-1] == f"SuccessfulDelete: Deleted pod: {waiting.metadata.name}"


def test_replacements_do_not_wait_for_termination(bench):
    bench.store.create(replica_set("web", pod(), replicas=2))
    bench.start(ReplicaSetController)
    bench.run_all()
    doomed = bench.pods()[0]
    bench.store.delete(Pod, doomed.metadata.name, "default")
    bench.settle()
    assert len(bench.pods()) == 3
    assert (get(bench).status.replicas, get(bench).status.terminating_replicas) == (2, 1)


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_ended_pods_are_replaced_and_left_lying(bench, phase):
    bench.store.create(replica_set("web", pod(), replicas=1))
    bench.start(ReplicaSetController)
    bench.edit_pod(bench.pods()[0], phase=phase)
    bench.settle()
    assert sorted(one.status.phase for one in bench.pods()) == sorted([phase, "Pending"])


def test_adoption_and_release(bench):
    orphan = bench.store.create(pod("orphan").label(app="web").build())
    bench.store.create(pod("other").label(app="db").build())
    bench.store.create(replica_set("web", pod(), replicas=2))
    bench.start(ReplicaSetController)
    uid = get(bench).metadata.uid
    assert controller_of(bench.store.get(Pod, "orphan", "default").metadata).uid == uid
    assert len(bench.pods()) == 3, "the adopted one counts"
    adopted = bench.store.get(Pod, "orphan", "default")
    bench.store.update(replace(adopted, metadata=replace(adopted.metadata, labels={"app": "none"})))
    bench.settle()
    assert controller_of(bench.store.get(Pod, "orphan", "default").metadata) is None
    assert len(bench.store.dependents(Pod, uid)) == 2
    assert orphan.metadata.uid == adopted.metadata.uid


def test_an_orphan_that_turns_up_later_is_adopted_and_one_too_many_goes(bench):
    bench.store.create(replica_set("web", pod(), replicas=1))
    bench.start(ReplicaSetController)
    bench.run_all()
    bench.store.create(pod("late").label(app="web").build())
    bench.settle()
    assert [one.metadata.name for one in bench.pods()] != ["late"]
    assert len(bench.pods()) == 1


def test_a_terminating_replica_set_does_nothing(bench):
    created = bench.store.create(replica_set("web", pod(), replicas=2))
    bench.store.update(replace(created, metadata=replace(created.metadata, finalizers=("mine",))))
    bench.store.delete(ReplicaSet, "web", "default")
    bench.start(ReplicaSetController)
    assert bench.pods() == []


def test_a_refusal_stops_the_batches_and_shows_in_a_condition(bench, failing):
    failing("create", ForbiddenError('pods "web-" is forbidden: exceeded quota'), lambda value: isinstance(value, Pod))
    bench.store.load(replica_set("web", pod(), replicas=5))
    bench.start(ReplicaSetController)
    status = get(bench).status
    (failure,) = status.conditions
    assert (failure.type, failure.reason, failure.message) == ("ReplicaFailure", "FailedCreate", 'pods "web-" is forbidden: exceeded quota')
    message = 'FailedCreate: Error creating: pods "web-" is forbidden: exceeded quota'
    assert bench.told() == [message] * 2, "one call a sync, not five; the written status wakes it once more"


def test_a_failure_is_retried_with_backoff_and_forgotten_when_it_is_over(bench, monkeypatch):
    calls = []
    original = type(bench.store).create

    def create(self, new):
        if isinstance(new, Pod):
            calls.append(self.clock.now_us)
            if len(calls) <= 3:
                raise ForbiddenError("no")
        return original(self, new)

    monkeypatch.setattr(type(bench.store), "create", create)
    bench.store.load(replica_set("web", pod(), replicas=1))
    bench.start(ReplicaSetController)
    bench.wait(1)
    assert calls == [0, 0, 5_000, 25_000], "woken by its own status at once, then after 5 ms, then 20 ms later"
    assert len(bench.pods()) == 1
    bench.run_all()
    assert get(bench).status.conditions == ()


def test_min_ready_seconds(bench):
    web = replica_set("web", pod(), replicas=2)
    bench.store.create(replace(web, spec=replace(web.spec, min_ready_seconds=10)))
    bench.start(ReplicaSetController)
    bench.run_all()
    assert (get(bench).status.ready_replicas, get(bench).status.available_replicas) == (2, 0)
    bench.wait(9)
    assert get(bench).status.available_replicas == 0
    bench.wait(1)
    assert get(bench).status.available_replicas == 2


def test_the_status_is_that_of_the_pods_that_the_sync_saw():
    web = replica_set("web", pod(), replicas=2)
    status = replica_set_status(web, (pod("a").label(app="web").build(), pod("b").build()), 1, "", 0)
    assert (status.replicas, status.fully_labeled_replicas, status.terminating_replicas) == (2, 1, 1)
