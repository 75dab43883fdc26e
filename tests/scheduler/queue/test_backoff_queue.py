from __future__ import annotations

import pytest

from binpack.scheduler.queue.backoff_queue import BackoffQueue
from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection
from binpack.testing import pod
from binpack.units import US_PER_MS, US_PER_S

REJECTED = Rejection("default-scheduler", frozenset({"NodeResourcesFit"}))
FAILED = Rejection("default-scheduler")


def queued(
    name: str = "p", *, at_ms: int = 0, unschedulable: int = 1, errors: int = 0, rejection: Rejection = REJECTED, priority: int = 0
) -> QueuedPod:
    return QueuedPod(
        pod(name).priority(priority).build(),
        rejection,
        timestamp_us=at_ms * US_PER_MS,
        sequence=at_ms,
        added_us=0,
        attempts=unschedulable + errors,
        unschedulable_count=unschedulable,
        error_count=errors,
    )


def sort_key(of: QueuedPod) -> tuple[int, int]:
    return (-of.pod.priority, of.timestamp_us)


@pytest.mark.parametrize(
    ("why", "initial_s", "max_s", "unschedulable", "errors", "duration_s"),
    [
        ("never tried: no backoff", 1, 10, 0, 0, 0),
        ("the first rejection", 1, 10, 1, 0, 1),
        ("it doubles", 1, 10, 2, 0, 2),
        ("and doubles", 1, 10, 4, 0, 8),
        ("up to the longest", 1, 10, 5, 0, 10),
        ("and stays there", 1, 10, 500, 0, 10),
        ("the longest is reached exactly", 1, 8, 4, 0, 8),
        ("errors in a row count instead of rejections", 1, 10, 5, 1, 1),
        ("and double as well", 1, 10, 5, 3, 4),
        ("another first wait", 3, 20, 3, 0, 12),
        ("a first wait as long as the longest", 10, 10, 1, 0, 10),
        ("a longest wait of 0 switches it off", 1, 0, 3, 0, 0),
    ],
)
def test_duration(why: str, initial_s: int, max_s: int, unschedulable: int, errors: int, duration_s: int) -> None:
    queue = BackoffQueue(initial_s * US_PER_S, max_s * US_PER_S)
    assert queue.duration_us(queued(unschedulable=unschedulable, errors=errors)) == duration_s * US_PER_S, why


@pytest.mark.parametrize(
    ("why", "failed_ms", "now_ms", "backing_off"),
    [
        ("10.3 s + 1 s is cut to 11", 10_300, 10_301, True),
        ("the second of the expiry still counts", 10_300, 11_000, True),
        ("to its end", 10_300, 11_999, True),
        ("12 is the first second after", 10_300, 12_000, False),
        ("a failure at a whole second waits two", 10_000, 11_999, True),
        ("and no longer", 10_000, 12_000, False),
        ("a failure at the end of a second waits little more than one", 10_999, 12_000, False),
    ],
)
def test_instants(why: str, failed_ms: int, now_ms: int, backing_off: bool) -> None:
    queue = BackoffQueue(US_PER_S, 10 * US_PER_S)
    waiting = queued(at_ms=failed_ms)
    assert queue.is_backing_off(waiting, now_ms * US_PER_MS) is backing_off, why
    queue.add(waiting, sort_key(waiting))
    assert (queue.pop_completed(now_ms * US_PER_MS) == []) is backing_off, why


def test_a_pod_that_was_never_tried_does_not_back_off() -> None:
    queue = BackoffQueue(US_PER_S, 10 * US_PER_S)
    assert not queue.is_backing_off(queued(at_ms=10_000, unschedulable=0), 10_000 * US_PER_MS)


def test_the_next_release_is_the_first_instant_with_a_completed_pod() -> None:
    queue = BackoffQueue(US_PER_S, 10 * US_PER_S)
    assert queue.next_release_us() is None
    for waiting in (queued("late", at_ms=20_000), queued("early", at_ms=10_300, unschedulable=0, errors=2, rejection=FAILED)):
        queue.add(waiting, sort_key(waiting))
    release_us = queue.next_release_us()
    assert release_us == 13 * US_PER_S
    assert queue.pop_completed(release_us - 1) == []
    assert [of.pod.metadata.name for of in queue.pop_completed(release_us)] == ["early"]


def test_early_pops_go_by_expiry_then_by_the_queue_sort_and_never_touch_errors() -> None:
    queue = BackoffQueue(US_PER_S, 10 * US_PER_S)
    for waiting in (
        queued("second of its second", at_ms=10_100),
        queued("first by priority", at_ms=10_900, priority=5),
        queued("expires later", at_ms=11_000, priority=9),
        queued("an error", at_ms=1_000, unschedulable=0, errors=1, rejection=FAILED),
    ):
        queue.add(waiting, sort_key(waiting))
    popped = []
    while (head := queue.pop_early()) is not None:
        popped.append(head.pod.metadata.name)
    assert popped == ["first by priority", "second of its second", "expires later"]
    assert queue.keys() == ["default/an error"]
