"""Which events wake a pod: the events that plugins register, how an event matches them, and what their hints say.

Source: pkg/scheduler/scheduler.go (`buildQueueingHintMap`), framework/events.go and backend/queue/scheduling_queue.go
(`isPodWorthRequeuing`), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from binpack.errors import BinpackError
from binpack.framework.events import Action, ClusterEvent, EventHint, Hint, Resource
from binpack.framework.profile import Profile
from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection
from binpack.state.cluster import Cluster

_ANYTHING = EventHint(Resource.WILDCARD, Action.ADD | Action.DELETE | Action.UPDATE)
_PODS = (Resource.ASSIGNED_POD, Resource.UNSCHEDULED_POD)


class Strategy(IntEnum):
    """What an event means for a waiting pod; the higher one wins."""

    SKIP = 0
    """It stays where it is."""
    AFTER_BACKOFF = 1
    """It may be tried again once its backoff is over."""
    IMMEDIATELY = 2
    """It may be tried again at once."""


class _Registered(NamedTuple):
    plugin: str
    hint: Hint | None


class QueueingHints:
    """The events that all profiles' plugins registered.

    Parameters
    ----------
    profiles : Mapping[str, Profile]
        By scheduler name.
    """

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self._events = {
            name: {plugin_name: registered_events(plugin) for plugin_name, plugin in profile.plugins.items()}
            for name, profile in profiles.items()
        }
        self._matching: dict[tuple[str, Resource, Action], tuple[_Registered, ...]] = {}

    def is_of_interest(self, event: ClusterEvent) -> bool:
        """Tell whether any plugin of any profile registered an event. One that nobody did is not even recorded."""
        return event.resource is Resource.WILDCARD or any(self._matches(name, event) for name in self._events)

    def concerns(self, rejection: Rejection, event: ClusterEvent) -> bool:
        """Tell whether an event can wake pods that are held back so: else no hint of theirs need be asked."""
        gating_plugin = rejection.gating_plugin
        if gating_plugin is not None:
            registered = self._events[rejection.scheduler_name].get(gating_plugin, ())
            if not any(matches(candidate, event) for candidate in registered):
                return False
        return self._requeues_unasked(rejection, event) or bool(self._of_rejecting(rejection, event))

    def strategy(self, queued: QueuedPod, event: ClusterEvent, cluster: Cluster) -> Strategy:
        """Ask the hints of the plugins that rejected a pod. A hint that fails counts as one that wakes it.

        Parameters
        ----------
        queued : QueuedPod
        event : ClusterEvent
        cluster : Cluster
            As it is after the event.
        """
        rejection = queued.rejection
        if self._requeues_unasked(rejection, event):
            return Strategy.AFTER_BACKOFF
        found = Strategy.SKIP
        for plugin, hint in self._of_rejecting(rejection, event):
            if _wakes(hint, queued, event, cluster):
                if plugin in rejection.pending:
                    return Strategy.IMMEDIATELY
                if not rejection.pending:
                    return Strategy.AFTER_BACKOFF
                found = Strategy.AFTER_BACKOFF
        return found

    def _requeues_unasked(self, rejection: Rejection, event: ClusterEvent) -> bool:
        return rejection.is_error or event.resource is Resource.WILDCARD

    def _of_rejecting(self, rejection: Rejection, event: ClusterEvent) -> list[_Registered]:
        return [
            registered
            for registered in self._matches(rejection.scheduler_name, event)
            if registered.plugin in rejection.plugins or registered.plugin in rejection.pending
        ]

    def _matches(self, scheduler_name: str, event: ClusterEvent) -> tuple[_Registered, ...]:
        key = (scheduler_name, event.resource, event.action)
        found = self._matching.get(key)
        if found is None:
            found = tuple(
                _Registered(plugin, registered.hint)
                for plugin, events in self._events[scheduler_name].items()
                for registered in events
                if matches(registered, event)
            )
            self._matching[key] = found
        return found


def registered_events(plugin: Any) -> tuple[EventHint, ...]:
    """Return what a plugin registers, with the rule that upstream adds.

    A plugin that registers the addition of nodes but not changes of their taints is woken by every change of a taint too: a node
    that could not be seen behind its taints is like a new one. A plugin that does not say what it registers is woken by everything.
    """
    events: tuple[EventHint, ...] | None = getattr(plugin, "events", None)
    if events is None:
        return (_ANYTHING,)
    of_nodes = Action(0)
    for registered in events:
        if registered.resource is Resource.NODE:
            of_nodes |= registered.action
    if of_nodes & Action.ADD and not of_nodes & Action.UPDATE_NODE_TAINT:
        return (*events, EventHint(Resource.NODE, Action.UPDATE_NODE_TAINT))
    return events


def matches(registered: EventHint, event: ClusterEvent) -> bool:
    """Tell whether an event is one that a plugin registered.

    The last comparison is upstream's: an event of several bits (a general update) matches only where at least as high bits are
    registered.
    """
    if registered.resource is Resource.WILDCARD:
        return True
    if registered.resource is not event.resource and not (registered.resource is Resource.POD and event.resource in _PODS):
        return False
    return bool(registered.action & event.action) and int(event.action) <= int(registered.action)


def _wakes(hint: Hint | None, queued: QueuedPod, event: ClusterEvent, cluster: Cluster) -> bool:
    if hint is None:
        return True
    try:
        return hint(queued.pod, event, cluster)
    except BinpackError:
        return True
