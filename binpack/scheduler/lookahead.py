"""Deciding ahead: the pods that wait next are placed in one call, and what something else overtakes is taken back.

A scheduler that writes each binding before the next decision would otherwise ask for one at a time, and pay for each call. The
placements are those that it would get one by one.
"""

from __future__ import annotations

from collections import deque

from binpack.model.pod import Pod
from binpack.scheduler.cached_cycle import CachedCycle, Outcome
from binpack.scheduler.queue.scheduling_queue import SchedulingQueue

_MOST = 1024
_GROWTH = 4


class Lookahead:
    """Placements that are decided and assumed, and whose pods still wait.

    Parameters
    ----------
    cycle : CachedCycle
    queue : SchedulingQueue
    draws_ties : bool
        Whether ties are drawn at random: then nothing is decided ahead, since a draw cannot be taken back.
    """

    def __init__(self, cycle: CachedCycle, queue: SchedulingQueue, *, draws_ties: bool) -> None:
        self._cycle = cycle
        self._queue = queue
        self._draws_ties = draws_ties
        self._planned: deque[Outcome] = deque()
        self._position = 0
        self._size = 1

    def place(self, pod: Pod) -> Outcome:
        """Place a pod that has just been taken out of the queue, as `CachedCycle.place` does."""
        if self._planned:
            if self._planned[0].pod is pod and self._position == self._cycle.cluster.journal.position:
                return self._planned.popleft()
            self.give_up()
        elif self._size < _MOST:
            self._size *= _GROWTH
        if self._draws_ties or self._cycle.nominated:
            return self._cycle.place(pod)
        outcomes = self._cycle.place_first((pod, *self._queue.next_active(self._size - 1)))
        if not outcomes:
            # Those behind it are likely of its kind, such as a DaemonSet's: to ask for many of them would be in vain.
            self._size = 1
            return self._cycle.place(pod)
        self._planned.extend(outcomes)
        self._position = self._cycle.cluster.journal.position
        return self._planned.popleft()

    def give_up(self) -> None:
        """Take back all that is planned: somebody changes the cluster before it comes true."""
        if self._planned:
            for outcome in reversed(self._planned):
                self._cycle.cluster.remove_pod(outcome.pod.key)
            self._planned.clear()
            self._size = 1
