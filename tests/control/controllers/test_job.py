"""Jobs from start to end. Documented: https://kubernetes.io/docs/concepts/workloads/controllers/job; the rest after
pkg/controller/job/job_controller_test.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.conditions import find_condition
from binpack.control.controllers.garbage_collector import GarbageCollector
from binpack.control.controllers.job import JobController
from binpack.control.controllers.job.backoff import BackoffRecord, finish_time_us, next_record, remaining_us
from binpack.control.controllers.job.counting import TRACKING_FINALIZER
from binpack.control.controllers.job.indexes import (
    INDEX_ANNOTATION,
    first_pending,
    format_indexes,
    intervals_of,
    parse_indexes,
    with_indexes,
)
from binpack.control.controllers.ttl_after_finished import TtlAfterFinishedController
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.workloads import Job
from binpack.testing import job, pod
from binpack.units import US_PER_S

CONTROLLERS = (GarbageCollector, JobController, TtlAfterFinishedController)


def start(bench, *, completions: int | None = 1, parallelism=1, **spec):
    made = job("build", pod(), parallelism=parallelism)
    bench.store.create(replace(made, spec=replace(made.spec, completions=completions, **spec)))
    return bench.start(*CONTROLLERS)


def get(bench) -> Job:
    return bench.store.get(Job, "build", "default")


def active(bench) -> list[Pod]:
    return [one for one in bench.pods() if not one.is_terminal and not one.is_terminating]


def end(bench, *phases: str):
    """Let as many active pods as there are phases end, and give the controller its batch delay."""
    for one, phase in zip(active(bench), phases, strict=False):
        bench.edit_pod(bench.store.bind(one, "n1") if not one.spec.node_name else one, phase=phase, ready=False)
    return bench.settle().wait(1)


def conditions(bench) -> dict[str, str]:
    return {one.type: one.reason for one in get(bench).status.conditions if one.status == "True"}


def test_it_runs_pods_until_enough_have_succeeded(bench):
    start(bench, completions=3, parallelism=2)
    assert len(active(bench)) == 2
    assert all(TRACKING_FINALIZER in one.metadata.finalizers for one in bench.pods())
    status = get(bench).status
    assert (status.active, status.ready, status.terminating, status.start_time) == (2, 0, 0, bench.store.clock.timestamp)
    end(bench, "Succeeded", "Succeeded")
    assert (len(active(bench)), get(bench).status.succeeded, get(bench).status.active) == (1, 2, 1)
    assert all(TRACKING_FINALIZER not in one.metadata.finalizers for one in bench.pods() if one.is_terminal)
    end(bench, "Succeeded")
    status = get(bench).status
    assert (status.succeeded, status.active, status.uncounted_terminated_pods) == (3, 0, None)
    assert conditions(bench) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
    assert status.completion_time is not None
    assert "Completed: Job completed" in bench.told()


def test_a_pod_event_waits_for_its_batch(bench):
    start(bench, completions=2, parallelism=1)
    bench.edit_pod(bench.store.bind(active(bench)[0], "n1"), phase="Succeeded")
    bench.settle()
    bench.wait(0.9)
    assert get(bench).status.succeeded == 0
    bench.wait(0.1)
    assert get(bench).status.succeeded == 1


def test_failures_wait_10_20_40_seconds(bench):
    start(bench)
    born = []
    for _ in range(3):
        end(bench, "Failed")
        failed_at = bench.store.clock.now_us // US_PER_S - 1
        while not active(bench):
            bench.wait(1)
        born.append(bench.store.clock.now_us // US_PER_S - failed_at)
    assert born == [10, 20, 40]
    assert get(bench).status.failed == 3


def test_the_backoff_limit(bench):
    start(bench, parallelism=2, completions=2, backoff_limit=1)
    end(bench, "Failed")
    assert conditions(bench) == {}
    bench.wait(60)
    end(bench, "Failed")
    assert conditions(bench) == {"FailureTarget": "BackoffLimitExceeded"}, "a pod is still terminating"
    (last,) = [one for one in bench.pods() if one.is_terminating] or [None]
    if last is not None:
        bench.store.delete(Pod, last.metadata.name, "default", grace_seconds=0)
    bench.settle().wait(2)
    assert conditions(bench)["Failed"] == "BackoffLimitExceeded"
    assert get(bench).status.completion_time is None
    assert "BackoffLimitExceeded: Job has reached the specified backoff limit" in bench.told()


def test_the_active_deadline(bench):
    start(bench, completions=5, parallelism=2, active_deadline_seconds=30)
    for one in active(bench):
        bench.edit_pod(one, node="n1", phase="Running", ready=True)
    bench.settle().wait(29)
    assert conditions(bench) == {}
    bench.wait(1)
    assert conditions(bench) == {"FailureTarget": "DeadlineExceeded"}
    assert all(one.is_terminating for one in bench.pods())
    for one in bench.pods():
        bench.store.delete(Pod, one.metadata.name, "default", grace_seconds=0)
    bench.settle().wait(2)
    assert conditions(bench)["Failed"] == "DeadlineExceeded"
    assert bench.pods() == [], "the finalizers are off"


def test_parallelism_can_shrink_and_grow(bench):
    start(bench, completions=10, parallelism=4)
    bench.store.update(replace(get(bench), spec=replace(get(bench).spec, parallelism=1)))
    bench.settle()
    assert len(active(bench)) == 1
    assert get(bench).status.failed == 0, "pods that the controller deletes are not failures"
    bench.store.update(replace(get(bench), spec=replace(get(bench).spec, parallelism=3)))
    bench.settle().wait(2)
    assert len(active(bench)) == 3


def test_suspending_and_resuming(bench):
    start(bench, completions=2, parallelism=2)
    bench.store.update(replace(get(bench), spec=replace(get(bench).spec, suspend=True)))
    bench.settle().wait(2)
    assert active(bench) == []
    assert conditions(bench) == {"Suspended": "JobSuspended"}
    bench.wait(100)
    bench.store.update(replace(get(bench), spec=replace(get(bench).spec, suspend=False)))
    bench.settle().wait(2)
    assert len(active(bench)) == 2
    assert conditions(bench) == {}
    assert find_condition(get(bench).status.conditions, "Suspended").reason == "JobResumed"
    assert get(bench).status.start_time > get(bench).metadata.creation_timestamp
    assert [text for text in bench.told() if text.startswith(("Suspended", "Resumed"))] == [
        "Suspended: Job suspended",
        "Resumed: Job resumed",
    ]


def test_a_work_queue_starts_nothing_more_after_the_first_success(bench):
    start(bench, completions=None, parallelism=3)
    assert len(active(bench)) == 3
    end(bench, "Succeeded")
    bench.wait(60)
    assert len(active(bench)) == 2
    end(bench, "Succeeded", "Succeeded")
    assert "Complete" in conditions(bench)


def test_indexes(bench):
    start(bench, completions=4, parallelism=2, completion_mode="Indexed")
    by_index = {one.metadata.annotations[INDEX_ANNOTATION]: one for one in active(bench)}
    assert sorted(by_index) == ["0", "1"]
    assert by_index["1"].metadata.name.startswith("build-1-")
    assert by_index["1"].spec.hostname == "build-1"
    bench.edit_pod(bench.store.bind(by_index["1"], "n1"), phase="Succeeded")
    bench.settle().wait(1)
    assert get(bench).status.completed_indexes == "1"
    assert sorted(one.metadata.annotations[INDEX_ANNOTATION] for one in active(bench)) == ["0", "2"]
    end(bench, "Succeeded", "Succeeded")
    end(bench, "Succeeded")
    assert (get(bench).status.completed_indexes, get(bench).status.succeeded) == ("0-3", 4)


def test_a_pod_deleted_by_hand_counts_as_failed_and_is_not_lost(bench):
    start(bench, backoff_limit=3)
    (only,) = active(bench)
    bench.edit_pod(only, node="n1", phase="Running", ready=True)
    bench.store.delete(Pod, only.metadata.name, "default")
    bench.settle().wait(1)
    assert get(bench).status.failed == 1


def test_pods_of_a_deleted_job_lose_their_finalizer(bench):
    start(bench, completions=2, parallelism=2)
    bench.store.delete(Job, "build", "default", propagation="Background")
    bench.settle().wait(1)
    assert bench.pods() == []


def test_ttl_after_finished(bench):
    start(bench, ttl_seconds_after_finished=60)
    end(bench, "Succeeded")
    bench.wait(59)
    assert "Complete" in conditions(bench)
    bench.wait(2)
    assert bench.store.find(Job, "build", "default") is None
    assert bench.pods() == []


@pytest.mark.parametrize("crash_after", range(1, 5))
def test_a_crash_between_two_writes_neither_loses_nor_doubles_a_pod(bench, monkeypatch, crash_after):
    """The controller loses its memory, and whatever it was about to write, after a number of writes; then it starts anew."""
    start(bench, completions=3, parallelism=3)
    for one, phase in zip(active(bench), ("Succeeded", "Succeeded", "Failed"), strict=True):
        bench.edit_pod(one, node="n1", phase=phase, ready=False)
    writes, store = [], type(bench.store)
    originals = {name: getattr(store, name) for name in ("update", "update_status")}

    def counted(name):
        def write(self, value):
            if len(writes) >= crash_after:
                raise RuntimeError("crash")
            writes.append(name)
            return originals[name](self, value)

        return write

    for name in originals:
        monkeypatch.setattr(store, name, counted(name))
    with pytest.raises(RuntimeError):
        bench.settle().wait(1)
    monkeypatch.undo()
    bench.start(*CONTROLLERS)
    bench.wait(3)
    status = get(bench).status
    assert (status.succeeded, status.failed, status.uncounted_terminated_pods) == (2, 1, None)
    bench.wait(30)
    end(bench, "Succeeded")
    assert get(bench).status.succeeded == 3
    assert "Complete" in conditions(bench)


def test_index_lists():
    assert format_indexes(intervals_of([8, 1, 3, 4, 5, 7, 3])) == "1,3-5,7,8"
    assert parse_indexes("1,x,3-5,7-6,9-", 100) == ((1, 1), (3, 5))
    assert parse_indexes("0-5,8-10", 8) == ((0, 5),)
    assert with_indexes(((2, 3),), [4, 0, 9], 9) == ((0, 0), (2, 4))
    assert first_pending(3, 10, [3], ((0, 1),), ((4, 5),)) == [2, 6, 7]


def test_backoff_records():
    assert next_record(BackoffRecord(2, 5), [], [9, 7]) == BackoffRecord(4, 9)
    assert next_record(BackoffRecord(2, 5), [8], [7]) == BackoffRecord()
    assert next_record(BackoffRecord(2, 5), [8], [7, 9, 10]) == BackoffRecord(2, 10)
    assert next_record(BackoffRecord(2, 5), [], []) == BackoffRecord(2, 5)
    assert remaining_us(BackoffRecord(3, 0), 15 * US_PER_S) == 25 * US_PER_S
    assert remaining_us(BackoffRecord(20, 0), 0) == 600 * US_PER_S


def test_when_a_pod_ended():
    made = pod("a").created(5).build()
    assert finish_time_us(made) == 5 * US_PER_S
    assert finish_time_us(pod("a").created(5).terminating(9).build()) == 9 * US_PER_S
