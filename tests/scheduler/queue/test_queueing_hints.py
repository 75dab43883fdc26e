from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from binpack.errors import SchedulingError
from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.merge import ExpandedPlugins
from binpack.framework.points import POINTS
from binpack.framework.profile import Profile
from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection
from binpack.scheduler.queue.queueing_hints import QueueingHints, Strategy, matches, registered_events
from binpack.state.cluster import Cluster
from binpack.testing import pod

A = Action
R = Resource


@dataclass(frozen=True)
class Plugin:
    name: str
    events: tuple[EventHint, ...] = field(default=())


def hints_of(*plugins: Any) -> QueueingHints:
    expanded = ExpandedPlugins(dict.fromkeys(POINTS, ()), {})
    return QueueingHints({"s": Profile("s", {plugin.name: plugin for plugin in plugins}, expanded)})


def rejected_by(*plugins: str, pending: tuple[str, ...] = (), gating: str | None = None) -> QueuedPod:
    return QueuedPod(pod("p").build(), Rejection("s", frozenset(plugins), frozenset(pending), gating), 0, 0, 0)


def wakes(waiting: object, event: ClusterEvent, cluster: Cluster) -> bool:
    return True


def sleeps(waiting: object, event: ClusterEvent, cluster: Cluster) -> bool:
    return False


def fails(waiting: object, event: ClusterEvent, cluster: Cluster) -> bool:
    raise SchedulingError("a selector that nobody can parse")


@pytest.mark.parametrize(
    ("why", "registered", "event", "match"),
    [
        ("the very same", (R.NODE, A.ADD), (R.NODE, A.ADD), True),
        ("another action", (R.NODE, A.ADD), (R.NODE, A.DELETE), False),
        ("another resource", (R.NODE, A.ADD), (R.CSI_NODE, A.ADD), False),
        ("one of several actions", (R.NODE, A.ADD | A.UPDATE_NODE_TAINT), (R.NODE, A.UPDATE_NODE_TAINT), True),
        ("registered for pods, told of an assigned one", (R.POD, A.DELETE), (R.ASSIGNED_POD, A.DELETE), True),
        ("registered for pods, told of a waiting one", (R.POD, A.UPDATE_POD_LABEL), (R.UNSCHEDULED_POD, A.UPDATE_POD_LABEL), True),
        ("registered for assigned pods only", (R.ASSIGNED_POD, A.UPDATE_POD_LABEL), (R.UNSCHEDULED_POD, A.UPDATE_POD_LABEL), False),
        ("a general update wants a general registration", (R.NODE, A.UPDATE_NODE_LABEL), (R.NODE, A.UPDATE), False),
        ("which it meets", (R.PERSISTENT_VOLUME, A.ADD | A.UPDATE), (R.PERSISTENT_VOLUME, A.UPDATE), True),
        ("a general registration takes a special update", (R.NODE, A.UPDATE), (R.NODE, A.UPDATE_NODE_LABEL), True),
        ("registered for everything", (R.WILDCARD, A.ADD), (R.NODE, A.DELETE), True),
        ("the wildcard event matches no ordinary registration", (R.NODE, A.ADD), (R.WILDCARD, A.ADD), False),
    ],
)
def test_matching(why: str, registered: tuple[Resource, Action], event: tuple[Resource, Action], match: bool) -> None:
    assert matches(EventHint(*registered), ClusterEvent(*event)) is match, why


@pytest.mark.parametrize(
    ("why", "plugin", "taint_change_wakes"),
    [
        ("additions of nodes only", Plugin("P", (EventHint(R.NODE, A.ADD, sleeps),)), True),
        ("with other updates", Plugin("P", (EventHint(R.NODE, A.ADD | A.UPDATE_NODE_LABEL, sleeps),)), True),
        ("taints are registered by itself", Plugin("P", (EventHint(R.NODE, A.ADD | A.UPDATE_NODE_TAINT, sleeps),)), False),
        ("in another entry", Plugin("P", (EventHint(R.NODE, A.ADD, sleeps), EventHint(R.NODE, A.UPDATE_NODE_TAINT, sleeps))), False),
        ("no additions of nodes", Plugin("P", (EventHint(R.NODE, A.DELETE, wakes), EventHint(R.CSI_NODE, A.ADD, wakes))), False),
        ("nothing at all", Plugin("P"), False),
        ("a plugin that does not say", type("Silent", (), {"name": "P"})(), True),
    ],
)
def test_changes_of_taints_wake_who_registered_additions_only(why: str, plugin: Any, taint_change_wakes: bool) -> None:
    event = ClusterEvent(R.NODE, A.UPDATE_NODE_TAINT)
    strategy = hints_of(plugin).strategy(rejected_by("P"), event, Cluster())
    assert (strategy is Strategy.AFTER_BACKOFF) is taint_change_wakes, why


def test_what_a_plugin_registers_is_kept_as_it_is() -> None:
    events = (EventHint(R.NODE, A.ADD | A.UPDATE_NODE_TAINT), EventHint(R.POD, A.DELETE))
    assert registered_events(Plugin("P", events)) == events


ON_ADD = ClusterEvent(R.NODE, A.ADD)
PLUGINS = (
    Plugin("Wakes", (EventHint(R.NODE, A.ADD, wakes),)),
    Plugin("Sleeps", (EventHint(R.NODE, A.ADD, sleeps), EventHint(R.NODE, A.DELETE, wakes))),
    Plugin("Fails", (EventHint(R.NODE, A.ADD, fails),)),
    Plugin("Always", (EventHint(R.NODE, A.ADD),)),
    Plugin("Elsewhere", (EventHint(R.POD, A.ADD),)),
)


@pytest.mark.parametrize(
    ("why", "waiting", "event", "strategy"),
    [
        ("one says yes", rejected_by("Wakes"), ON_ADD, Strategy.AFTER_BACKOFF),
        ("one of two says yes", rejected_by("Sleeps", "Wakes"), ON_ADD, Strategy.AFTER_BACKOFF),
        ("all say no", rejected_by("Sleeps"), ON_ADD, Strategy.SKIP),
        ("who did not reject is not asked", rejected_by("Elsewhere"), ON_ADD, Strategy.SKIP),
        ("a hint that fails wakes", rejected_by("Fails"), ON_ADD, Strategy.AFTER_BACKOFF),
        ("no hint function: always", rejected_by("Always"), ON_ADD, Strategy.AFTER_BACKOFF),
        ("nobody rejected it", rejected_by(), ON_ADD, Strategy.AFTER_BACKOFF),
        ("a wildcard asks nobody", rejected_by("Sleeps"), ClusterEvent(R.WILDCARD, A.ADD), Strategy.AFTER_BACKOFF),
        ("a pending plugin skips the backoff", rejected_by(pending=("Wakes",)), ON_ADD, Strategy.IMMEDIATELY),
        ("whoever else says yes", rejected_by("Always", pending=("Wakes",)), ON_ADD, Strategy.IMMEDIATELY),
        ("a pending plugin that says no does not", rejected_by("Always", pending=("Sleeps",)), ON_ADD, Strategy.AFTER_BACKOFF),
        ("a plugin that is not there", rejected_by("Missing"), ON_ADD, Strategy.SKIP),
    ],
)
def test_strategy(why: str, waiting: QueuedPod, event: ClusterEvent, strategy: Strategy) -> None:
    hints = hints_of(*PLUGINS)
    assert hints.strategy(waiting, event, Cluster()) is strategy, why
    # Passing over whole groups never passes over a pod that would wake.
    assert hints.concerns(waiting.rejection, event) or strategy is Strategy.SKIP, why


@pytest.mark.parametrize(
    ("why", "rejection", "event", "concerns"),
    [
        ("registered", Rejection("s", frozenset({"Sleeps"})), ON_ADD, True),
        ("not registered", Rejection("s", frozenset({"Elsewhere"})), ON_ADD, False),
        ("gated, and the gating plugin registered it", Rejection("s", frozenset({"Sleeps"}), gating_plugin="Sleeps"), ON_ADD, True),
        (
            "gated, and only another registered it",
            Rejection("s", frozenset({"Wakes", "Elsewhere"}), gating_plugin="Elsewhere"),
            ON_ADD,
            False,
        ),
        (
            "gated pods do not hear of wildcards",
            Rejection("s", frozenset({"Wakes"}), gating_plugin="Wakes"),
            ClusterEvent(R.WILDCARD, A.ADD),
            False,
        ),
    ],
)
def test_whom_an_event_concerns(why: str, rejection: Rejection, event: ClusterEvent, concerns: bool) -> None:
    assert hints_of(*PLUGINS).concerns(rejection, event) is concerns, why


@pytest.mark.parametrize(
    ("why", "event", "of_interest"),
    [
        ("registered by somebody", ON_ADD, True),
        ("by nobody", ClusterEvent(R.STORAGE_CLASS, A.ADD), False),
        ("wildcards always", ClusterEvent(R.WILDCARD, A.ADD), True),
    ],
)
def test_which_events_are_of_interest(why: str, event: ClusterEvent, of_interest: bool) -> None:
    assert hints_of(*PLUGINS).is_of_interest(event) is of_interest, why
