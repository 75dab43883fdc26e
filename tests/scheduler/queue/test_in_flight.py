from __future__ import annotations

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.scheduler.queue.in_flight import InFlight
from binpack.testing import node, pod

A, B = pod("a").build(), pod("b").build()
FIRST, SECOND, THIRD = (ClusterEvent(Resource.NODE, Action.ADD, None, node(f"n{number}").build()) for number in range(3))


def test_events_are_kept_only_while_somebody_is_tried() -> None:
    in_flight = InFlight()
    in_flight.record([FIRST])
    assert in_flight.recorded_events == 0
    in_flight.start(A, 1)
    in_flight.record([SECOND, THIRD])
    assert in_flight.events_since_start(A.key) == [SECOND, THIRD]
    in_flight.finish(A.key, 1)
    assert (len(in_flight), in_flight.recorded_events) == (0, 0)


def test_each_attempt_sees_the_events_since_its_own_start() -> None:
    in_flight = InFlight()
    in_flight.start(A, 1)
    in_flight.record([FIRST])
    in_flight.start(B, 2)
    in_flight.record([SECOND])
    assert in_flight.events_since_start(A.key) == [FIRST, SECOND]
    assert in_flight.events_since_start(B.key) == [SECOND]
    in_flight.finish(A.key, 1)
    assert in_flight.recorded_events == 1
    in_flight.record([THIRD])
    assert in_flight.events_since_start(B.key) == [SECOND, THIRD]


def test_a_deleted_pod_does_not_come_back_and_another_of_its_name_is_another() -> None:
    in_flight = InFlight()
    in_flight.start(A, 1)
    in_flight.delete(A.key)
    assert in_flight.current(A.key, 1) is None
    assert A.key not in in_flight
    in_flight.start(A, 2)
    in_flight.finish(A.key, 1)
    assert in_flight.current(A.key, 1) is None
    assert in_flight.current(A.key, 2) == A


def test_a_pod_comes_back_as_what_it_has_become() -> None:
    in_flight = InFlight()
    in_flight.start(A, 1)
    changed = pod("a").label(app="web").build()
    in_flight.update(changed)
    assert in_flight.current(A.key, 1) == changed


def test_a_copy_goes_its_own_way() -> None:
    in_flight = InFlight()
    in_flight.start(A, 1)
    twin = in_flight.copy()
    twin.record([FIRST])
    twin.delete(A.key)
    assert in_flight.events_since_start(A.key) == []
    assert in_flight.current(A.key, 1) == A
