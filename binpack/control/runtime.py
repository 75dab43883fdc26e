"""The controller runtime: keeps a controller's queue and memory, performs the plans it makes, and retries what fails."""

from __future__ import annotations

from typing import Any

from binpack.control.actions import Actions, Create, Delete, Done, EditMetadata, Outcome, Update, UpdateStatus, Write
from binpack.control.apiserver.errors import ApiError
from binpack.control.apiserver.resources import ApiObject, resource_of
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.controller import Controller
from binpack.control.records import EventSink
from binpack.control.workqueue import WorkQueue
from binpack.model.base import replace


class ControllerRuntime:
    """One controller as a client of the store.

    Parameters
    ----------
    controller : Controller
    store : Store
    sink : EventSink
        Where its Events go.

    Attributes
    ----------
    queue : WorkQueue
    memory : Any
        What the controller remembers.
    syncs, failures : int
        How many syncs there were, and how many of them failed.
    """

    def __init__(self, controller: Controller, store: Store, sink: EventSink) -> None:
        self.controller = controller
        self.name = controller.name
        self.resources = None if controller.resources is None else frozenset(controller.resources)
        self.queue = WorkQueue(controller.new_limiter())
        self.memory: Any = controller.new_memory()
        self.syncs = 0
        self.failures = 0
        self._store = store
        self._sink = sink

    def forget(self) -> None:
        """Lose queue and memory, as a controller does that crashes. Somebody has to show it all objects again."""
        self.queue = WorkQueue(self.controller.new_limiter())
        self.memory = self.controller.new_memory()

    def observe(self, event: WatchEvent) -> bool:
        """Let the controller see one change, and enqueue what it wakes."""
        now_us = self._store.clock.now_us
        has_woken = False
        for wake in self.controller.observe(event, self._store, self.memory, now_us):
            if isinstance(wake, str):
                self.queue.add(wake)
            else:
                self.queue.add_after(wake[0], wake[1], now_us)
            has_woken = True
        return has_woken

    def next_wake_us(self) -> int | None:
        """Return when it has something to do; None if nothing is planned."""
        return self.queue.next_ready_us(self._store.clock.now_us)

    def work(self) -> None:
        """Sync one key, if one is ready."""
        now_us = self._store.clock.now_us
        key = self.queue.get(now_us)
        if key is None:
            return
        self.syncs += 1
        done = self._sync(key, now_us)
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

    def _sync(self, key: str, now_us: int) -> Done:
        step: Actions | Done = self.controller.reconcile(key, self._store, self.memory, now_us)
        performer = Performer(self._store, self._sink, self.name)
        while isinstance(step, Actions):
            for record in step.records:
                self._sink.record(now_us, self.name, record)
            outcomes = performer.perform(step)
            step = self.controller.conclude(key, step, outcomes, self._store, self.memory, now_us)
        for record in step.records:
            self._sink.record(now_us, self.name, record)
        return step

    def _retry(self, key: str, now_us: int) -> None:
        limit = self.controller.max_retries
        if limit is not None and self.queue.limiter.failures(key) >= limit:
            self.queue.forget(key)
        else:
            self.queue.add_rate_limited(key, now_us)


class Performer:
    """Performs the writes of one sync. A later write to an object builds on the earlier one's resourceVersion.

    Parameters
    ----------
    store : Store
    sink : EventSink
    component : str
        In whose name Events are sent.
    """

    def __init__(self, store: Store, sink: EventSink, component: str) -> None:
        self._store = store
        self._sink = sink
        self._component = component
        self._superseded: dict[tuple[str, str], str] = {}

    def perform(self, plan: Actions) -> tuple[Outcome, ...]:
        """Perform a plan's stages until one has a failure, and return what became of each write that was tried."""
        outcomes: list[Outcome] = []
        for stage in plan.stages:
            for write in stage:
                outcomes.append(self._attempt(write))
            if any(outcome.error is not None for outcome in outcomes[-len(stage) :]):
                break
        return tuple(outcomes)

    def _attempt(self, write: Write) -> Outcome:
        try:
            result = self._write(write)
        except ApiError as error:
            return Outcome(write, None, error)
        if write.record is not None:
            self._sink.record(self._store.clock.now_us, self._component, write.record)
        return Outcome(write, result)

    def _write(self, write: Write) -> ApiObject:
        match write:
            case Create():
                return self._store.create(write.object)
            case Update():
                return self._noted(write.object, self._store.update(self._latest(write.object)))
            case UpdateStatus():
                return self._noted(write.object, self._store.update_status(self._latest(write.object)))
            case Delete():
                meta = write.object.metadata
                return self._store.delete(
                    resource_of(write.object),
                    meta.name,
                    meta.namespace,
                    uid=meta.uid,
                    grace_seconds=write.grace_seconds,
                    propagation=write.propagation,
                )
            case EditMetadata():
                return self._noted(write.object, self._store.update(self._edited(write)))

    def _latest(self, changed: ApiObject) -> ApiObject:
        meta = changed.metadata
        version = self._superseded.get((meta.uid, meta.resource_version))
        return changed if version is None else replace(changed, metadata=replace(meta, resource_version=version))

    def _noted(self, changed: ApiObject, result: ApiObject) -> ApiObject:
        self._superseded[(changed.metadata.uid, changed.metadata.resource_version)] = result.metadata.resource_version
        return result

    def _edited(self, write: EditMetadata) -> ApiObject:
        read = write.object.metadata
        current = self._store.get(resource_of(write.object), read.name, read.namespace)
        meta = current.metadata
        owners, finalizers = meta.owner_references, meta.finalizers
        if write.release:
            owners = tuple(owner for owner in owners if owner.uid != write.release)
        if write.adopt is not None:
            owners = (*(owner for owner in owners if owner.uid != write.adopt.uid), write.adopt)
        if write.add_finalizer and write.add_finalizer not in finalizers:
            finalizers = (*finalizers, write.add_finalizer)
        if write.drop_finalizer:
            finalizers = tuple(one for one in finalizers if one != write.drop_finalizer)
        # The uid that was read stays as the precondition; the resourceVersion is the present one, as in a patch.
        return replace(current, metadata=replace(meta, uid=read.uid, owner_references=owners, finalizers=finalizers))
