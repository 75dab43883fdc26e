from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.sim.engine import Engine


def test_events_come_by_time_then_priority_then_order_of_scheduling():
    engine, seen = Engine(), []
    for time_us, priority, name in [(5, 0, "e"), (1, 1, "b"), (1, 0, "a"), (1, 1, "c"), (3, -1, "d")]:
        engine.schedule(time_us, "note", (name,), priority=priority)
    engine.run({"note": seen.append})
    assert seen == ["a", "b", "c", "d", "e"]
    assert (engine.now_us, engine.handled, engine.next_time_us) == (5, 5, None)


def test_a_handler_may_schedule_at_the_present():
    engine, seen = Engine(), []

    def again(count: int) -> None:
        seen.append((engine.now_us, count))
        if count:
            engine.schedule(engine.now_us, "again", (count - 1,))

    engine.schedule(7, "again", (2,))
    engine.run({"again": again})
    assert seen == [(7, 2), (7, 1), (7, 0)]


def test_run_stops_after_the_events_of_the_given_time():
    engine, seen = Engine(), []
    for time_us in (1, 2, 3):
        engine.schedule(time_us, "note", (time_us,))
    engine.run({"note": seen.append}, until_us=2)
    assert (seen, engine.now_us, len(engine)) == ([1, 2], 2, 1)
    engine.run({"note": seen.append}, until_us=10)
    assert (seen, engine.now_us) == ([1, 2, 3], 10)


def test_the_past_cannot_be_scheduled():
    engine = Engine()
    engine.run({}, until_us=10)
    with pytest.raises(ValueError, match="before the present"):
        engine.schedule(9, "note")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-2, 2)), max_size=30), st.integers(0, 20))
def test_a_pickled_engine_goes_on_as_the_original(events, pause_us):
    engine = Engine()
    for number, (time_us, priority) in enumerate(events):
        engine.schedule(time_us, "note", (number,), priority=priority)
    before: list[int] = []
    engine.run({"note": before.append}, until_us=pause_us)
    copy = pickle.loads(pickle.dumps(engine))
    rest, rest_of_copy = [], []
    engine.run({"note": rest.append})
    copy.run({"note": rest_of_copy.append})
    assert rest == rest_of_copy
    assert sorted(before + rest) == list(range(len(events)))
    order = [(*events[number], number) for number in before + rest]
    assert order == sorted(order)
