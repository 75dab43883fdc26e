from __future__ import annotations

import pytest

from binpack.control import plane as plane_module
from binpack.control.actions import Actions, Create, Delete, Done, EditMetadata, Update, UpdateStatus, conclude_plainly
from binpack.control.controller_manager import DEFAULT_THROTTLE
from binpack.control.controllers.ownership import claim, controller_reference, selector_of
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink, Record
from binpack.control.runtime import ControllerRuntime
from binpack.control.workqueue import RateLimiter
from binpack.errors import BinpackError, ControllerError
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, LabelSelectorRequirement
from binpack.model.pod import Pod
from binpack.model.policy import Namespace
from binpack.model.workloads import Deployment
from binpack.testing import deployment, namespace, pod, replica_set


def with_spec(value, **changes):
    return replace(value, spec=replace(value.spec, **changes))


class Planner:
    """Makes one plan, and keeps what became of it."""

    name = "test"
    resources: tuple[str, ...] | None = ()
    pod_owners: tuple[str, ...] | None = None
    pod_changes = None
    max_retries: int | None = 0
    workers = 2

    def __init__(self, *plans: Actions) -> None:
        self.plans = list(plans)
        self.outcomes = []

    def new_limiter(self):
        return RateLimiter()

    def new_memory(self):
        return None

    def observe(self, event, reader, memory, now_us):
        return ()

    def reconcile(self, key, reader, memory, now_us):
        return self.plans.pop(0)

    def conclude(self, key, plan, outcomes, reader, memory, now_us):
        self.outcomes.append((now_us, outcomes))
        return self.plans.pop(0) if self.plans and key == "chain" else Done()


def perform(store, *plans, sink=None):
    """Perform plans in one sync, and return what became of all their writes."""
    controller = Planner(*plans)
    runtime = ControllerRuntime(controller, store, sink or EventSink())
    runtime.queue.add("chain")
    runtime.work()
    return tuple(one for _, outcomes in controller.outcomes for one in outcomes)


def test_later_writes_of_a_plan_build_on_earlier_ones(store):
    web = store.create(deployment("web", pod()))
    status = replace(web.status, replicas=3)
    plan = Actions(
        ((Update(with_spec(web, replicas=5)),), (UpdateStatus(replace(web, status=status)),), (Update(with_spec(web, replicas=7)),))
    )
    outcomes = perform(store, plan)
    assert [one.error for one in outcomes] == [None] * 3
    assert (store.get(Deployment, "web", "default").spec.replicas, store.get(Deployment, "web", "default").status.replicas) == (7, 3)


def test_a_write_on_what_somebody_else_has_changed_fails(store):
    web = store.create(deployment("web", pod()))
    store.update(with_spec(web, replicas=9))
    (outcome,) = perform(store, Actions(((Update(with_spec(web, replicas=5)),),)))
    assert "the object has been modified" in str(outcome.error)


def test_a_stage_is_attempted_as_a_whole_and_then_the_plan_stops(store):
    sink = EventSink()
    told = Record(pod("told").build(), "Normal", "Made", "yes")
    stages = (
        (Create(pod("a").build(), told), Create(pod("a").build(), told), Create(pod("b").build())),
        (Create(pod("c").build()),),
    )
    outcomes = perform(store, Actions(stages), sink=sink)
    assert [one.error is None for one in outcomes] == [True, False, True]
    assert sorted(one.metadata.name for one in store.scan(Pod)) == ["a", "b"]
    assert [(one.reason, one.component) for one in sink.recorded] == [("Made", "test")]


def test_metadata_is_patched_whatever_else_has_changed(store):
    owner = store.create(replica_set("web", pod()))
    read = store.create(replace(pod("a").build(), metadata=replace(pod("a").build().metadata, finalizers=("mine", "other"))))
    store.update(replace(read, metadata=replace(read.metadata, labels={"changed": "yes"})))
    adoption = EditMetadata(read, adopt=controller_reference(owner), drop_finalizer="mine", add_finalizer="new")
    perform(store, Actions(((adoption,),)))
    meta = store.get(Pod, "a", "default").metadata
    assert (meta.finalizers, meta.labels, [one.uid for one in meta.owner_references]) == (
        ("other", "new"),
        {"changed": "yes"},
        [owner.metadata.uid],
    )
    perform(store, Actions(((EditMetadata(read, release=owner.metadata.uid),),)))
    assert store.get(Pod, "a", "default").metadata.owner_references == ()


def test_a_deletion_means_the_very_object_that_was_read(store):
    read = store.create(pod("a").build())
    store.delete(Pod, "a", "default")
    store.create(pod("a").build())
    (outcome,) = perform(store, Actions(((Delete(read),),)))
    assert "UID in the precondition" in str(outcome.error)


class Counter:
    """Counts its syncs, and does as a script says."""

    name = "counter"
    resources: tuple[str, ...] | None = ("Namespace",)
    pod_owners: tuple[str, ...] | None = None
    pod_changes = None
    max_retries: int | None = 2
    workers = 1

    def __init__(self, *script: Done) -> None:
        self.script = list(script)

    def new_limiter(self):
        return RateLimiter(rate=0)

    def new_memory(self):
        return []

    def observe(self, event, reader, memory, now_us):
        return [event.object.metadata.name]

    def reconcile(self, key, reader, memory, now_us):
        memory.append((key, now_us))
        return Actions(requeue_after_us=None)

    def conclude(self, key, plan, outcomes, reader, memory, now_us):
        return self.script.pop(0) if self.script else conclude_plainly(plan, outcomes)


def run(store, *script, until_us=10**9):
    runtime = ControllerRuntime(Counter(*script), store, EventSink())
    plane = ControlPlane(store, [runtime])
    store.create(namespace("a"))
    plane.settle()
    while (wake_us := plane.next_wake_us) is not None and wake_us <= until_us:
        store.clock.now_us = wake_us
        plane.settle()
    return runtime


def test_what_fails_is_retried_later_and_later_and_then_dropped(store):
    runtime = run(store, *[Done("no")] * 9)
    assert [time_us for _, time_us in runtime.memory] == [0, 5_000, 15_000]
    assert (runtime.syncs, runtime.failures) == (3, 3)


def test_success_forgets_former_failures(store):
    runtime = run(store, Done("no"), Done("no"), Done(requeue_after_us=100_000), Done("no"), Done())
    assert [time_us for _, time_us in runtime.memory] == [0, 5_000, 15_000, 115_000, 120_000]


def test_a_sync_may_wake_other_keys(store):
    runtime = run(store, Done(wakes=("b",)))
    assert [key for key, _ in runtime.memory] == ["a", "b"]


class Broken(Counter):
    """Raises in one of its functions, a few times."""

    def __init__(self, where: str, times: int) -> None:
        super().__init__()
        self.where, self.times = where, times

    def _stumble(self, where: str) -> None:
        if where == self.where and self.times > 0:
            self.times -= 1
            raise KeyError("x")

    def observe(self, event, reader, memory, now_us):
        self._stumble("observe")
        return super().observe(event, reader, memory, now_us)

    def reconcile(self, key, reader, memory, now_us):
        self._stumble("reconcile")
        return super().reconcile(key, reader, memory, now_us)

    def conclude(self, key, plan, outcomes, reader, memory, now_us):
        self._stumble("conclude")
        return super().conclude(key, plan, outcomes, reader, memory, now_us)


def run_controller(store, controller, *, until_us=10**9, **options):
    runtime = ControllerRuntime(controller, store, EventSink(), **options)
    plane = ControlPlane(store, [runtime])
    store.create(namespace("a"))
    plane.settle()
    while (wake_us := plane.next_wake_us) is not None and wake_us <= until_us:
        store.clock.now_us = wake_us
        plane.settle()
    return runtime


@pytest.mark.parametrize("where", ["reconcile", "conclude"])
def test_a_controller_that_raises_is_retried_with_backoff_and_the_exceptions_are_counted(store, where):
    runtime = run_controller(store, Broken(where, 2))
    assert (runtime.syncs, runtime.failures) == (3, 2)
    assert runtime.memory[-1] == ("a", 15_000)
    (told,) = runtime.breakdowns.values()
    assert (told.key, told.message, told.time_us, told.count) == ("a", "KeyError: 'x'", 0, 2)


def test_an_exception_over_an_event_is_counted(store):
    runtime = run_controller(store, Broken("observe", 1))
    assert (runtime.syncs, runtime.breakdowns["KeyError"].key, runtime.breakdowns["KeyError"].count) == (0, "Namespace /a", 1)


@pytest.mark.parametrize("where", ["observe", "reconcile", "conclude"])
def test_strictly_the_first_exception_ends_the_run(store, where):
    with pytest.raises(ControllerError, match=r"counter, .*a, at 0 us of virtual time: KeyError: 'x'"):
        run_controller(store, Broken(where, 1), strict=True)


def test_a_throttled_client_makes_20_requests_a_second_and_30_at_once(store):
    many = tuple(Create(pod(f"p{number}").build()) for number in range(70))
    controller = Planner(Actions((many,)), Actions(((Create(pod("other").build()),),)))
    runtime = ControllerRuntime(controller, store, EventSink(), throttle=DEFAULT_THROTTLE)
    plane = ControlPlane(store, [runtime])
    runtime.queue.add("a")
    plane.refresh()
    plane.settle()
    assert len(store.scan(Pod)) == 30
    runtime.queue.add("b")
    plane.refresh()
    while (wake_us := plane.next_wake_us) is not None:
        store.clock.now_us = wake_us
        plane.settle()
    # Forty more take two seconds; the other worker's request has its turn among them.
    assert [(time_us, len(outcomes)) for time_us, outcomes in controller.outcomes] == [(100_000, 1), (2_050_000, 70)]
    assert len(store.scan(Pod)) == 71


def test_clients_that_keep_each_other_busy_are_stopped(store, monkeypatch):
    monkeypatch.setattr(plane_module, "MAX_STEPS_AT_ONE_INSTANT", 50)
    with pytest.raises(BinpackError, match="counter and others keep each other busy at 0 us without an end"):
        run(store, *[Done(wakes=("a",))] * 100)


def test_claiming():
    owner = replace(replica_set("web", pod()), metadata=replace(replica_set("web", pod()).metadata, uid="me"))
    selector = selector_of(owner.spec.selector)
    mine, stray = pod("mine").label(app="web").build(), pod("stray").label(app="db").build()
    orphan, leaving = pod("orphan").label(app="web").build(), pod("leaving").label(app="web").terminating().build()
    claims = claim(owner, selector, [mine, stray], [orphan, leaving], finalizer="f")
    assert [one.metadata.name for one in claims.claimed] == ["mine", "orphan"]
    assert [(one.object.metadata.name, one.release, one.adopt is not None) for one in claims.writes] == [
        ("stray", "me", False),
        ("orphan", "", True),
    ]
    going = replace(owner, metadata=replace(owner.metadata, deletion_timestamp=pod("x").terminating().build().metadata.deletion_timestamp))
    assert claim(going, selector, [mine, stray], [orphan]).writes == ()


def test_a_selector_that_cannot_be_parsed_selects_nothing():
    broken = LabelSelector(match_expressions=(LabelSelectorRequirement("a", "Near", ("b",)),))
    assert not selector_of(broken).matches({"a": "b"})
    assert selector_of(None) == selector_of(broken)
    assert not selector_of(None).matches({})
    assert isinstance(namespace("n"), Namespace)
