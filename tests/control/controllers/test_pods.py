"""What controllers of pods share. After pkg/controller/controller_utils_test.go, v1.35."""

from __future__ import annotations

import pytest

from binpack.control.clock import timestamp_of
from binpack.control.controllers.pods import (
    DELETION_COST,
    compare_active,
    compare_for_deletion,
    is_available,
    log_rank,
    matters_to_owner,
    next_availability_us,
    slow_start_batches,
)
from binpack.control.controllers.replicaset import pods_to_delete
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import ContainerStatus
from binpack.testing import pod
from binpack.units import US_PER_S

NOW_US = 10_000_000 * US_PER_S


def ago(seconds: int):
    return timestamp_of(NOW_US - seconds * US_PER_S)


def running(name: str, *, ready: int | None = 0, created: int = 0, node: str = "n1", restarts: int = 0, cost: str | None = None):
    """A running pod: Ready since so many seconds (None: not Ready)."""
    built = pod(name).uid(name).created(ago(created)).on(node).build()
    condition = Condition("Ready", "False") if ready is None else Condition("Ready", "True", last_transition_time=ago(ready))
    status = replace(built.status, conditions=(condition,), container_statuses=(ContainerStatus(name="main", restart_count=restarts),))
    annotations = {} if cost is None else {DELETION_COST: cost}
    return replace(built, status=status, metadata=replace(built.metadata, annotations=annotations))


def with_condition(status: str, *, reason: str = "", since: int = 0):
    made = running("p")
    condition = Condition("Ready", status, reason, last_transition_time=ago(since))
    return replace(made, status=replace(made.status, conditions=(condition,)))


@pytest.mark.parametrize(
    ("why", "before", "after", "matters"),
    [
        ("the kubelet takes it on", pod("p").build(), with_condition("False", reason="ContainersNotReady"), False),
        ("not Ready for another reason", with_condition("False", reason="A"), with_condition("False", reason="B", since=9), False),
        ("Ready", with_condition("False"), with_condition("True"), True),
        ("no longer Ready", with_condition("True"), with_condition("False"), True),
        ("Ready since later", with_condition("True", since=9), with_condition("True", since=3), True),
        ("restarted", running("p"), running("p", restarts=1), True),
    ],
)
def test_what_wakes_a_pods_controller(why, before, after, matters):
    before = replace(before, metadata=after.metadata, status=replace(before.status, phase=after.status.phase))
    if not after.status.container_statuses[0].restart_count:
        before = replace(before, status=replace(before.status, container_statuses=after.status.container_statuses))
    assert matters_to_owner(before, after) is matters


@pytest.mark.parametrize(
    ("why", "first", "second"),
    [
        ("without a node first", pod("a").uid("z").build(), running("b", ready=None)),
        ("pending before running", pod("a").uid("z").on("n").phase("Pending").build(), running("b", ready=None)),
        ("unknown before running", pod("a").uid("z").on("n").phase("Unknown").build(), running("b", ready=None)),
        ("not ready first", running("z", ready=None), running("a")),
        ("the cheaper one first", running("z", cost="-5"), running("a", cost="3")),
        ("a malformed cost counts as none", running("z", cost="-1"), running("a", cost="+7")),
        ("ready for a shorter time first", running("z", ready=10), running("a", ready=1000)),
        ("more restarts first", running("z", ready=10, restarts=2), running("a", ready=10)),
        ("the younger first", running("z", ready=10, created=10), running("a", ready=10, created=1000)),
        ("ages of one power of two are equal: the smaller uid first", running("a", ready=59), running("z", ready=61)),
        ("nothing differs: the smaller uid first", running("a"), running("z")),
    ],
)
def test_who_is_deleted_first(why, first, second):
    assert compare_for_deletion(first, second, NOW_US) < 0, why
    assert compare_for_deletion(second, first, NOW_US) > 0, why


def test_doubled_up_pods_go_before_those_that_are_alone():
    alone, doubled = running("a", ready=10), running("z", ready=1000)
    assert compare_for_deletion(doubled, alone, NOW_US, first_rank=2, second_rank=1) < 0


def test_once_ready_times_differ_restarts_count_no_more():
    assert compare_for_deletion(running("a", ready=59, restarts=0), running("z", ready=61, restarts=9), NOW_US) < 0


def test_a_job_ranks_plainly():
    assert compare_active(running("z", ready=59), running("a", ready=61)) < 0
    assert compare_active(running("z", ready=10, created=5), running("a", ready=10, created=6)) < 0


def test_log_ranks_double():
    assert [log_rank(ago(seconds), NOW_US) for seconds in (0, 59, 61, 119)] == [-1, 35, 35, 36]
    assert log_rank(None, NOW_US) == -1


def test_pods_to_delete_prefers_crowded_nodes():
    pods = tuple(running(name, node=node) for name, node in [("a", "n1"), ("b", "n2"), ("c", "n2"), ("d", "n3")])
    assert [one.metadata.name for one in pods_to_delete(pods, list(pods), 2, NOW_US)] == ["b", "c"]
    assert len(pods_to_delete(pods, list(pods), 4, NOW_US)) == 4
    others = [running("x", node="n3"), running("y", node="n3")]
    assert [one.metadata.name for one in pods_to_delete(pods, [*pods, *others], 1, NOW_US)] == ["d"]


def test_slow_start_doubles():
    assert [len(batch) for batch in slow_start_batches(range(20))] == [1, 2, 4, 8, 5]
    assert slow_start_batches([]) == ()


def test_availability_waits_for_min_ready_seconds():
    web = running("a", ready=30)
    assert is_available(web, 0, NOW_US)
    assert is_available(web, 30, NOW_US)
    assert not is_available(web, 31, NOW_US)
    assert not is_available(running("a", ready=None), 0, NOW_US)
    assert next_availability_us([web, running("b", ready=35)], 40, NOW_US) == 5 * US_PER_S
    assert next_availability_us([web], 10, NOW_US) is None
