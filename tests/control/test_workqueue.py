from __future__ import annotations

import pickle

from hypothesis import example, given
from hypothesis import strategies as st

from binpack.control.workqueue import RateLimiter, WorkQueue
from binpack.units import US_PER_MS, US_PER_S


def take_all(queue: WorkQueue, now_us: int = 0) -> list[str]:
    taken = []
    while (key := queue.get(now_us)) is not None:
        taken.append(key)
        queue.done(key)
    return taken


def test_keys_come_once_in_the_order_of_their_first_add():
    queue = WorkQueue()
    for key in ("a", "b", "a", "c", "b"):
        queue.add(key)
    assert take_all(queue) == ["a", "b", "c"]


def test_a_key_added_while_it_is_processed_is_synced_once_more_and_only_then():
    queue = WorkQueue()
    queue.add("a")
    assert queue.get(0) == "a"
    queue.add("a")
    queue.add("a")
    assert queue.get(0) is None
    queue.done("a")
    assert take_all(queue) == ["a"]


def test_a_waiting_key_keeps_its_soonest_time():
    queue = WorkQueue()
    queue.add_after("a", 10, 0)
    queue.add_after("a", 20, 0)
    assert queue.next_ready_us(0) == 10
    queue.add_after("a", 5, 0)
    assert queue.next_ready_us(0) == 5
    assert queue.get(4) is None
    assert take_all(queue, 5) == ["a"]
    assert take_all(queue, 50) == []
    assert queue.next_ready_us(50) is None


def test_an_ordinary_add_does_not_cancel_the_waiting_one():
    queue = WorkQueue()
    queue.add_after("a", 10, 0)
    queue.add("a")
    assert take_all(queue, 0) == ["a"]
    assert take_all(queue, 10) == ["a"]


def test_no_delay_adds_at_once():
    queue = WorkQueue()
    queue.add_after("a", 0, 7)
    assert queue.next_ready_us(7) == 7


def test_delays_double_from_5_ms_to_1000_s():
    limiter = RateLimiter(rate=0)
    delays = [limiter.when("a", 0) for _ in range(20)]
    assert delays[:4] == [5 * US_PER_MS, 10 * US_PER_MS, 20 * US_PER_MS, 40 * US_PER_MS]
    assert (delays[17], delays[18], delays[19]) == (655_360 * US_PER_MS, 1000 * US_PER_S, 1000 * US_PER_S)
    assert limiter.failures("a") == 20
    limiter.forget("a")
    assert limiter.when("a", 0) == 5 * US_PER_MS


def test_the_bucket_is_shared_by_all_keys():
    limiter = RateLimiter(base_us=1, max_us=1)
    delays = [limiter.when(f"k{number}", 0) for number in range(103)]
    assert delays[:100] == [1] * 100
    assert delays[100:] == [100 * US_PER_MS, 200 * US_PER_MS, 300 * US_PER_MS]
    assert limiter.when("later", 60 * US_PER_S) == 1


@given(st.lists(st.tuples(st.sampled_from(["add", "after", "get", "done", "limited", "tick"]), st.sampled_from("abc"), st.integers(0, 9))))
@example([("add", "a", 0), ("after", "a", 1), ("get", "a", 0), ("tick", "a", 1), ("get", "a", 0)])
def test_no_key_is_in_two_hands_and_none_is_lost(operations):
    queue, now, processing, wanted = WorkQueue(), 0, set(), set()
    for what, key, number in operations:
        if what == "add":
            queue.add(key)
            wanted.add(key)
        elif what == "after":
            queue.add_after(key, number, now)
            wanted.add(key)
        elif what == "limited":
            queue.add_rate_limited(key, now)
            wanted.add(key)
        elif what == "tick":
            now += number
        elif what == "get":
            ready = queue.next_ready_us(now)
            taken = queue.get(now)
            assert (taken is None) == (ready is None or ready > now)
            if taken is not None:
                assert taken not in processing
                processing.add(taken)
                wanted.discard(taken)
        elif key in processing:
            processing.discard(key)
            queue.done(key)
    for key in processing:
        queue.done(key)
    copy = pickle.loads(pickle.dumps(queue))
    later = now + 10_000 * US_PER_S
    rest = take_all(queue, later)
    assert wanted <= set(rest)
    assert take_all(copy, later) == rest
