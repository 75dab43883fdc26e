"""The event loop: a clock, a heap and one step. The only place where virtual time advances.

Events are plain data, `(time, priority, sequence, handler, payload)`: a handler is a name, looked up when the event is due, so that
a heap can be copied, pickled and compared. Equal times are ordered by priority, equal priorities by the order of scheduling.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from binpack.control.clock import Clock

Handler = Callable[..., None]


class Event(NamedTuple):
    """Something that is due.

    Parameters
    ----------
    time_us : int
        When, in microseconds of virtual time.
    priority : int
        Lower ones come first among events of one time.
    sequence : int
        The order of scheduling; no two events of an engine share it.
    handler : str
        Who handles it.
    payload : tuple
        What the handler is called with. Never compared, since the sequence decides before it.
    """

    time_us: int
    priority: int
    sequence: int
    handler: str
    payload: tuple[Any, ...]


class Engine:
    """A virtual clock and the events to come.

    Parameters
    ----------
    clock : Clock, optional
        The clock to advance; a new one at time 0 when absent.

    Attributes
    ----------
    handled : int
        How many events have been handled.
    """

    __slots__ = ("_heap", "_sequence", "clock", "handled")

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock if clock is not None else Clock()
        self.handled = 0
        self._heap: list[Event] = []
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def now_us(self) -> int:
        """The present virtual time in microseconds."""
        return self.clock.now_us

    @property
    def next_time_us(self) -> int | None:
        """When the next event is due; None if there is none."""
        return self._heap[0].time_us if self._heap else None

    def schedule(self, time_us: int, handler: str, payload: tuple[Any, ...] = (), *, priority: int = 0) -> None:
        """Add an event.

        Raises
        ------
        ValueError
            If the time has passed.
        """
        if time_us < self.clock.now_us:
            raise ValueError(f"an event for {handler} at {time_us} us lies before the present, {self.clock.now_us} us")
        heapq.heappush(self._heap, Event(time_us, priority, self._sequence, handler, payload))
        self._sequence += 1

    def step(self, handlers: Mapping[str, Handler]) -> Event:
        """Advance to the next event and handle it.

        Raises
        ------
        IndexError
            If no event is left.
        """
        event = heapq.heappop(self._heap)
        self.clock.now_us = event.time_us
        self.handled += 1
        handlers[event.handler](*event.payload)
        return event

    def run(self, handlers: Mapping[str, Handler], *, until_us: int | None = None) -> None:
        """Handle events up to and including `until_us`, then stand at that time; without it, until no event is left."""
        while self._heap and (until_us is None or self._heap[0].time_us <= until_us):
            self.step(handlers)
        if until_us is not None:
            self.clock.now_us = max(self.clock.now_us, until_us)
