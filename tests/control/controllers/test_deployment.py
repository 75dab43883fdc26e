"""Deployments step by step. Documented: https://kubernetes.io/docs/concepts/workloads/controllers/deployment;
the rest after pkg/controller/deployment/*_test.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ForbiddenError
from binpack.control.conditions import find_condition
from binpack.control.controllers.deployment import DeploymentController
from binpack.control.controllers.deployment.annotations import DESIRED_REPLICAS, MAX_REPLICAS, REVISION, ROLLBACK_TO
from binpack.control.controllers.garbage_collector import GarbageCollector
from binpack.control.controllers.replicaset import ReplicaSetController
from binpack.model.base import replace
from binpack.model.meta import LabelSelector
from binpack.model.pod import Pod
from binpack.model.workloads import Deployment, DeploymentStrategy, ReplicaSet, RollingUpdate
from binpack.testing import deployment, pod

CONTROLLERS = (GarbageCollector, DeploymentController, ReplicaSetController)


def edit(bench, **changes):
    web = bench.store.get(Deployment, "web", "default")
    bench.store.update(replace(web, spec=replace(web.spec, **changes)))
    return bench.settle()


def annotate(bench, **annotations):
    web = bench.store.get(Deployment, "web", "default")
    bench.store.update(replace(web, metadata=replace(web.metadata, annotations={**web.metadata.annotations, **annotations})))
    return bench.settle()


def get(bench) -> Deployment:
    return bench.store.get(Deployment, "web", "default")


def sets(bench) -> list[ReplicaSet]:
    """The ReplicaSets by revision."""
    return sorted(bench.store.scan(ReplicaSet), key=lambda one: int(one.metadata.annotations[REVISION]))


def sizes(bench) -> list[int]:
    return [one.spec.replicas for one in sets(bench)]


def progressing(bench):
    condition = find_condition(get(bench).status.conditions, "Progressing")
    return (condition.status, condition.reason)


def template(image: str):
    """A template that differs by its image alone."""
    built = pod().label(app="web").template()
    container = replace(built.spec.containers[0], image=image)
    return replace(built, spec=replace(built.spec, containers=(container,)))


def start(bench, *, replicas=4, surge="25%", unavailable="25%", strategy="RollingUpdate"):
    rolling = RollingUpdate(surge, unavailable) if strategy == "RollingUpdate" else None
    web = deployment("web", pod(), replicas=replicas)
    bench.store.create(replace(web, spec=replace(web.spec, strategy=DeploymentStrategy(strategy, rolling))))
    bench.start(*CONTROLLERS)
    return bench


def test_a_new_deployment(bench):
    start(bench)
    (only,) = sets(bench)
    assert only.metadata.name == f"web-{only.metadata.labels['pod-template-hash']}"
    assert only.metadata.annotations == {REVISION: "1", DESIRED_REPLICAS: "4", MAX_REPLICAS: "5"}
    assert only.spec.selector.match_labels == {"app": "web", "pod-template-hash": only.metadata.labels["pod-template-hash"]}
    assert len(bench.pods()) == 4
    assert get(bench).metadata.annotations[REVISION] == "1"
    assert progressing(bench) == ("True", "ReplicaSetUpdated")
    assert find_condition(get(bench).status.conditions, "Available").reason == "MinimumReplicasUnavailable"
    assert bench.told()[0] == f"ScalingReplicaSet: Scaled up replica set {only.metadata.name} from 0 to 4"
    bench.run_all()
    assert progressing(bench) == ("True", "NewReplicaSetAvailable")
    assert find_condition(get(bench).status.conditions, "Available").reason == "MinimumReplicasAvailable"
    status = get(bench).status
    assert (status.replicas, status.updated_replicas, status.available_replicas, status.unavailable_replicas) == (4, 4, 4, 0)


def test_a_rolling_update_of_ten_goes_one_direction_a_sync(bench):
    start(bench, replicas=10).run_all()
    edit(bench, template=template("web:2"))
    assert sizes(bench) == [8, 5], "3 above and 2 fewer at once, then the new one grows into the room"
    seen = [sizes(bench)]
    while len(bench.pods()) > 10 or sizes(bench)[-1] < 10:
        waiting = next(one for one in bench.pods() if not one.spec.node_name)
        bench.edit_pod(waiting, node="n1", phase="Running", ready=True)
        bench.settle()
        # Deleted pods have no kubelet here that would remove them.
        for one in bench.pods():
            if one.is_terminating:
                bench.store.delete(Pod, one.metadata.name, "default", grace_seconds=0)
        bench.settle()
        available = sum(one.status.phase == "Running" for one in bench.pods())
        assert sum(sizes(bench)) <= 13
        assert available >= 8
        seen.append(sizes(bench))
    assert seen[-1] == [0, 10]
    assert progressing(bench)[1] != "ProgressDeadlineExceeded"
    bench.run_all()
    assert progressing(bench) == ("True", "NewReplicaSetAvailable")
    assert [one.metadata.annotations[REVISION] for one in sets(bench)] == ["1", "2"]


def test_recreate_waits_until_the_last_old_pod_has_gone(bench):
    start(bench, replicas=2, strategy="Recreate").run_all()
    edit(bench, template=template("web:2"))
    assert sizes(bench) == [0]
    assert all(one.is_terminating for one in bench.pods())
    first, second = bench.pods()
    bench.store.delete(Pod, first.metadata.name, "default", grace_seconds=0)
    bench.settle()
    assert sizes(bench) == [0]
    bench.store.delete(Pod, second.metadata.name, "default", grace_seconds=0)
    bench.settle()
    assert sizes(bench) == [0, 2]


def test_a_rollback_makes_an_old_one_new_again(bench):
    start(bench, replicas=1).run_all()
    original = get(bench).spec.template
    edit(bench, template=template("web:2")).run_all()
    edit(bench, template=original).run_all()
    assert [one.metadata.annotations[REVISION] for one in sets(bench)] == ["2", "3"]
    assert sets(bench)[-1].metadata.annotations["deployment.kubernetes.io/revision-history"] == "1"


@pytest.mark.parametrize(
    ("revision", "event", "image"),
    [
        ("1", 'DeploymentRollback: Rolled back deployment "web" to revision 1', ""),
        ("0", 'DeploymentRollback: Rolled back deployment "web" to revision 1', ""),
        ("2", 'DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"', "web:2"),
        ("9", "DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.", "web:2"),
    ],
)
def test_the_server_rolls_back_on_an_annotation(bench, revision, event, image):
    start(bench, replicas=1).run_all()
    edit(bench, template=template("web:2")).run_all()
    bench.told()
    annotate(bench, **{ROLLBACK_TO: revision})
    assert bench.told()[0] == event
    assert ROLLBACK_TO not in get(bench).metadata.annotations
    assert get(bench).spec.template.spec.containers[0].image == image


def test_scaling_by_hand(bench):
    start(bench).run_all()
    bench.told()
    edit(bench, replicas=6)
    assert sizes(bench) == [6]
    assert sets(bench)[0].metadata.annotations[DESIRED_REPLICAS] == "6"
    assert bench.told()[0].endswith("from 4 to 6")
    edit(bench, replicas=0)
    assert sizes(bench) == [0]


def test_scaling_in_mid_rollout_is_proportional(bench):
    start(bench, replicas=10, surge=3, unavailable=2).run_all()
    edit(bench, template=template("web:2"))
    assert sizes(bench) == [8, 5]
    edit(bench, replicas=15)
    assert sum(sizes(bench)) == 18
    assert sizes(bench) == [11, 7]


def test_a_paused_deployment_scales_and_does_not_roll(bench):
    start(bench, replicas=2).run_all()
    edit(bench, paused=True)
    assert progressing(bench) == ("Unknown", "DeploymentPaused")
    edit(bench, template=template("web:2"), replicas=3)
    assert sizes(bench) == [3]
    edit(bench, paused=False)
    assert progressing(bench)[1] in ("DeploymentResumed", "ReplicaSetUpdated")
    assert len(sizes(bench)) == 2


def test_the_progress_deadline_changes_a_condition_and_nothing_else(bench):
    start(bench, replicas=2).run_all()
    edit(bench, template=template("web:2"), progress_deadline_seconds=60)
    before = sizes(bench)
    bench.wait(59)
    assert progressing(bench) == ("True", "ReplicaSetUpdated")
    bench.wait(3)
    assert progressing(bench) == ("False", "ProgressDeadlineExceeded")
    assert sizes(bench) == before
    bench.run_all()
    assert progressing(bench)[0] == "True"


def test_history_is_kept_to_its_limit(bench):
    start(bench, replicas=1).run_all()
    edit(bench, revision_history_limit=1)
    for number in range(2, 6):
        edit(bench, template=template(f"web:{number}")).run_all()
        for one in bench.pods():
            if one.is_terminating:
                bench.store.delete(Pod, one.metadata.name, "default", grace_seconds=0)
        bench.settle()
    assert [one.metadata.annotations[REVISION] for one in sets(bench)] == ["4", "5"]


def test_a_selector_of_everything_is_refused(bench):
    web = deployment("web", pod())
    bench.store.load(replace(web, spec=replace(web.spec, selector=LabelSelector())))
    bench.start(*CONTROLLERS)
    assert bench.told()[0].startswith("SelectingAll: This deployment is selecting all pods.")
    assert bench.store.scan(ReplicaSet) == []
    assert get(bench).status.observed_generation == 1


def test_a_replica_set_that_cannot_be_created(bench, failing):
    bench.store.load(deployment("web", pod()))
    failing("create", ForbiddenError("quota"), lambda value: isinstance(value, ReplicaSet))
    bench.start(*CONTROLLERS)
    condition = find_condition(get(bench).status.conditions, "Progressing")
    assert (condition.status, condition.reason) == ("False", "ReplicaSetCreateError")
    assert condition.message.endswith(": quota")
    bench.wait(1000)
    assert bench.plane.client("deployment-controller").failures == 16, "after 15 retries it waits for an event"


def test_a_taken_name_leads_to_another_hash(bench):
    start(bench, replicas=1)
    name = sets(bench)[0].metadata.name
    bench.store.delete(Deployment, "web", "default")
    bench.settle()
    stranger = ReplicaSet(metadata=replace(deployment(name, pod()).metadata, name=name))
    bench.store.load(replace(stranger, spec=replace(stranger.spec, selector=LabelSelector({"app": "other"}), replicas=0)))
    bench.store.create(deployment("web", pod(), replicas=1))
    bench.settle()
    bench.wait(1)
    assert get(bench).status.collision_count == 1
    assert sorted(one.metadata.name == name for one in bench.store.scan(ReplicaSet)) == [False, True]


def test_deleting_a_deployment_takes_its_children_with_it(bench):
    start(bench).run_all()
    bench.store.delete(Deployment, "web", "default")
    bench.settle()
    assert bench.store.scan(ReplicaSet) == []
    assert all(one.is_terminating for one in bench.pods())


def test_however_often_it_is_woken_nothing_changes_once_all_is_well(bench):
    start(bench).run_all()
    revision = bench.store.revision
    for client in bench.plane.clients:
        client.queue.add("default/web")
    bench.plane.refresh()
    bench.settle()
    assert bench.store.revision == revision
