"""The controller runtime: keeps a controller's queue and memory, performs the plans it makes, and retries what fails."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from binpack.control.actions import Actions, Done, Outcome
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.controller import Controller
from binpack.control.performer import Performer, Writer
from binpack.control.reader import Reader
from binpack.control.records import EventSink
from binpack.control.workqueue import Throttle, TokenBucket, WorkQueue
from binpack.errors import ControllerError


@dataclass(slots=True)
class Breakdowns:
    """How often a controller raised one kind of exception, and when it first did.

    Parameters
    ----------
    key : str
        What it was working on.
    message : str
    time_us : int
    count : int
    """

    key: str
    message: str
    time_us: int
    count: int = 0


@dataclass(slots=True)
class _Attempt:
    """One sync under way. It halts only where the client has to wait for a token.

    Parameters
    ----------
    key : str
    plan : Actions
    performer : Performer
    stage, position : int
        The next write.
    outcomes : list of Outcome
        Of the plan's writes so far.
    resumes_us : int
        When it goes on.
    has_token : bool
        For its next write.
    """

    key: str
    plan: Actions
    performer: Performer
    stage: int = 0
    position: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    resumes_us: int = 0
    has_token: bool = False


class ControllerRuntime:
    """One controller as a client of the store.

    Parameters
    ----------
    controller : Controller
    store : Store
        What it reads, and never out of date, unless `read_from` says otherwise; and what it writes to.
    sink : EventSink
        Where its Events go.
    strict : bool
        True to end the run when the controller raises an exception, instead of retrying the key.
    throttle : Throttle or None
        How many requests its client makes; None for as many as it likes.

    Attributes
    ----------
    queue : WorkQueue
    memory : Any
        What the controller remembers.
    syncs, failures : int
        How many syncs there were, and how many of them failed.
    breakdowns : dict[str, Breakdowns]
        Exceptions that the controller raised, by type; empty unless it has a bug.
    """

    def __init__(
        self,
        controller: Controller,
        store: Store,
        sink: EventSink,
        *,
        strict: bool = False,
        throttle: Throttle | None = None,
    ) -> None:
        self.controller = controller
        self.name = controller.name
        self.resources = None if controller.resources is None else frozenset(controller.resources)
        self.pod_owners = controller.pod_owners
        self.pod_changes = controller.pod_changes
        self.queue = WorkQueue(controller.new_limiter())
        self.memory: Any = controller.new_memory()
        self.syncs = 0
        self.failures = 0
        self.breakdowns: dict[str, Breakdowns] = {}
        self._store = store
        self._sink = sink
        self._reader: Reader = store
        self._writer: Writer = store
        self._strict = strict
        self._bucket = None if throttle is None else TokenBucket(throttle.qps, throttle.burst)
        self._halted: deque[_Attempt] = deque()

    def forget(self) -> None:
        """Lose queue and memory, as a controller does that crashes. Somebody has to show it all objects again."""
        self.queue = WorkQueue(self.controller.new_limiter())
        self.memory = self.controller.new_memory()
        self._halted.clear()

    def read_from(self, reader: Reader) -> None:
        """Let the controller read from something else than before, such as a cache that lags behind the store."""
        self._reader = reader

    def write_through(self, writer: Writer) -> None:
        """Let the controller's writes go through something else than the store itself."""
        self._writer = writer

    def observe(self, event: WatchEvent) -> bool:
        """Let the controller see one change, and enqueue what it wakes."""
        now_us = self._store.clock.now_us
        has_woken = False
        try:
            for wake in self.controller.observe(event, self._reader, self.memory, now_us):
                if isinstance(wake, str):
                    self.queue.add(wake)
                else:
                    self.queue.add_after(wake[0], wake[1], now_us)
                has_woken = True
        except Exception as error:  # Whatever a controller does wrong, the others go on.
            self._note_breakdown(f"{event.resource} {event.object.metadata.namespace}/{event.object.metadata.name}", error)
        return has_woken

    def next_wake_us(self) -> int | None:
        """Return when it has something to do; None if nothing is planned."""
        halted_us = self._halted[0].resumes_us if self._halted else None
        if len(self._halted) >= self.controller.workers:
            return halted_us
        ready_us = self.queue.next_ready_us(self._store.clock.now_us)
        return ready_us if halted_us is None else halted_us if ready_us is None else min(ready_us, halted_us)

    def work(self) -> None:
        """Sync one key, if one is ready, or go on with a sync that had to wait for its client."""
        now_us = self._store.clock.now_us
        if self._halted and self._halted[0].resumes_us <= now_us:
            self._advance(self._halted.popleft(), now_us)
            return
        if len(self._halted) >= self.controller.workers:
            return
        key = self.queue.get(now_us)
        if key is None:
            return
        self.syncs += 1
        try:
            plan = self.controller.reconcile(key, self._reader, self.memory, now_us)
        except Exception as error:
            self._break_down(key, error, now_us)
            return
        attempt = _Attempt(key, plan, Performer(self._writer, self._sink, self.name))
        self._record(plan)
        self._advance(attempt, now_us)

    def _advance(self, attempt: _Attempt, now_us: int) -> None:
        """Perform a plan and those that follow from it, until the sync ends or its client has to wait."""
        while True:
            if not self._perform(attempt, now_us):
                self._halted.append(attempt)
                return
            try:
                outcomes = tuple(attempt.outcomes)
                step = self.controller.conclude(attempt.key, attempt.plan, outcomes, self._reader, self.memory, now_us)
            except Exception as error:
                self._break_down(attempt.key, error, now_us)
                return
            self._record(step)
            if isinstance(step, Done):
                self._end(attempt.key, step, now_us)
                return
            attempt.plan, attempt.outcomes, attempt.stage, attempt.position = step, [], 0, 0

    def _perform(self, attempt: _Attempt, now_us: int) -> bool:
        """Perform a plan's writes, stage by stage, until one has a failure; tell whether it got to the end."""
        outcomes = attempt.outcomes
        while attempt.stage < len(attempt.plan.stages):
            stage = attempt.plan.stages[attempt.stage]
            while attempt.position < len(stage):
                if self._bucket is not None and not attempt.has_token:
                    attempt.has_token = True
                    wait_us = self._bucket.reserve(now_us)
                    if wait_us > 0:
                        attempt.resumes_us = now_us + wait_us
                        return False
                attempt.has_token = False
                outcomes.append(attempt.performer.attempt(stage[attempt.position]))
                attempt.position += 1
            attempt.stage, attempt.position = attempt.stage + 1, 0
            if any(outcome.error is not None for outcome in outcomes[len(outcomes) - len(stage) :]):
                break
        return True

    def _record(self, step: Actions | Done) -> None:
        for record in step.records:
            self._sink.record(self._store.clock.now_us, self.name, record)

    def _end(self, key: str, done: Done, now_us: int) -> None:
        if done.error:
            self.failures += 1
            self._retry(key, now_us)
        else:
            self.queue.forget(key)
            if done.requeue_after_us is not None:
                self.queue.add_after(key, done.requeue_after_us, now_us)
            elif done.requeue_rate_limited:
                self.queue.add_rate_limited(key, now_us)
        for wake in done.wakes:
            self.queue.add(wake)
        self.queue.done(key)

    def _break_down(self, key: str, error: Exception, now_us: int) -> None:
        """Count an exception, and retry its key like any other failure."""
        self._note_breakdown(key, error)
        self.failures += 1
        self._retry(key, now_us)
        self.queue.done(key)

    def _note_breakdown(self, key: str, error: Exception) -> None:
        kind = type(error).__name__
        known = self.breakdowns.setdefault(kind, Breakdowns(key, f"{kind}: {error}", self._store.clock.now_us))
        known.count += 1
        if self._strict:
            raise ControllerError(f"{self.name}, {key}, at {known.time_us} us of virtual time: {known.message}") from error

    def _retry(self, key: str, now_us: int) -> None:
        limit = self.controller.max_retries
        if limit is not None and self.queue.limiter.failures(key) >= limit:
            self.queue.forget(key)
        else:
            self.queue.add_rate_limited(key, now_us)
