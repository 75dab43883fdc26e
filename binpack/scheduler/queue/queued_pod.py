"""A pod in the scheduling queue, with what the queue knows of its attempts."""

from __future__ import annotations

from typing import NamedTuple

from binpack.framework.defaults import DEFAULT_SCHEDULER_NAME
from binpack.model.base import Value, replace
from binpack.model.pod import Pod


class Rejection(NamedTuple):
    """Who holds a pod back. Pods that agree in it are asked about an event, or passed over, together.

    Parameters
    ----------
    scheduler_name : str
        The profile whose plugins these are.
    plugins : frozenset[str]
        The plugins that rejected the pod in its last attempt; a gating plugin is among them.
    pending : frozenset[str]
        Plugins that put the pod off with the status `Pending`: when they wake it, it skips its backoff.
    gating_plugin : str or None
        The PreEnqueue plugin that keeps the pod out of the queue; only events that it registered are looked at.
    """

    scheduler_name: str
    plugins: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    gating_plugin: str | None = None

    @property
    def is_error(self) -> bool:
        """Nobody rejected the pod: its attempt failed with an error."""
        return not self.plugins and not self.pending


class QueuedPod(Value, frozen=True):
    """A value: the queue replaces it, and never changes it.

    Parameters
    ----------
    pod : Pod
        The object as it was last seen.
    rejection : Rejection
        Who holds it back; nobody while it is in activeQ for the first time or being tried.
    timestamp_us : int
        When it came into the queue: first seen, or brought back by its last failed attempt. Moves between queues leave it.
    sequence : int
        Counts those entries over the whole queue: who came first among equal timestamps.
    added_us : int
        When it was first seen.
    attempts : int
        How often it has been popped.
    unschedulable_count : int
        Attempts that ended with a rejection. Never reset.
    error_count : int
        Attempts in a row that failed with an error.
    """

    pod: Pod
    rejection: Rejection
    timestamp_us: int
    sequence: int
    added_us: int
    attempts: int = 0
    unschedulable_count: int = 0
    error_count: int = 0

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return self.pod.key

    @property
    def is_gated(self) -> bool:
        """A PreEnqueue plugin keeps it out of activeQ and backoffQ."""
        return self.rejection.gating_plugin is not None

    def with_pod(self, pod: Pod) -> QueuedPod:
        """Return it with a newer object."""
        return replace(self, pod=pod)

    def popped(self) -> QueuedPod:
        """Return it as an attempt begins: one attempt more, and nobody has rejected it yet."""
        return replace(self, attempts=self.attempts + 1, rejection=Rejection(self.rejection.scheduler_name))

    def gated_by(self, plugin: str | None) -> QueuedPod:
        """Return it as PreEnqueue left it: kept out by a plugin, or by none."""
        if plugin is None:
            if self.rejection.gating_plugin is None:
                return self
            return replace(self, rejection=self.rejection._replace(gating_plugin=None))
        return replace(self, rejection=self.rejection._replace(gating_plugin=plugin, plugins=self.rejection.plugins | {plugin}))

    def failed(self, rejection: Rejection, pod: Pod, *, now_us: int, sequence: int) -> QueuedPod:
        """Return it after a failed attempt: counted as an error if nobody rejected it."""
        return replace(
            self,
            pod=pod,
            rejection=rejection,
            timestamp_us=now_us,
            sequence=sequence,
            unschedulable_count=self.unschedulable_count + (not rejection.is_error),
            error_count=self.error_count + 1 if rejection.is_error else 0,
        )


def scheduler_name(pod: Pod) -> str:
    """Return the name of the profile that a pod asks for; a pod that names none means the default one."""
    return pod.spec.scheduler_name or DEFAULT_SCHEDULER_NAME
