"""PostFilter: what happens when no node is feasible. Preemption lives behind it.

A PostFilter plugin sees the failed cycle and can try changes on one node after the other; the scheduler provides the dry runs.
Source: kube-scheduler framework/interface.go and framework/runtime/framework.go (RunPostFilterPlugins), v1.35.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.framework.interface import Plugin
from binpack.framework.status import Code, Status
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster


class DryRun(Protocol):
    """One node, and pods that are taken off it and put back on trial. Nothing of it outlasts its `with` block."""

    def remove(self, pod: Pod) -> None:
        """Take a pod off the node."""
        ...

    def add(self, pod: Pod) -> None:
        """Put a pod back on the node."""
        ...

    def rejection(self) -> Status | None:
        """Filter the incoming pod on the node as it is now; None if it fits."""
        ...


@dataclass(frozen=True, slots=True)
class FailedCycle:
    """A scheduling cycle that found no node.

    Parameters
    ----------
    cluster : Cluster
        As the cycle saw it.
    pre_filter_rejection : tuple[str, Status] or None
        The plugin that rejected the pod on every node, and its status.
    rejected : NDArray[np.intp]
        The rows with a recorded rejection, in the order in which they were searched.
    status : callable
        From a row to its status.
    helps : callable
        From rejected rows to whether removing pods may help there (their status is `UNSCHEDULABLE`), shape [n].
    dry_run : callable
        From a row to a context manager that gives a `DryRun`.
    pre_filters : tuple[str, ...]
        The plugins of PreFilter in the order in which they were to run; those after one that rejected the pod for good did not.
    now : datetime or None
        When a pod without a start time is taken to have started.
    generator : numpy.random.Generator or None
        For what kube-scheduler leaves to chance; None takes the first.
    """

    cluster: Cluster
    pre_filter_rejection: tuple[str, Status] | None
    rejected: NDArray[np.intp]
    status: Callable[[int], Status]
    helps: Callable[[NDArray[np.intp]], NDArray[np.bool_]]
    dry_run: Callable[[int], AbstractContextManager[DryRun]]
    pre_filters: tuple[str, ...] = ()
    now: datetime | None = None
    generator: np.random.Generator | None = None

    def has_pre_filtered(self, plugin: str) -> bool:
        """Tell whether a plugin's PreFilter has run."""
        if plugin not in self.pre_filters:
            return False
        rejection = self.pre_filter_rejection
        if rejection is None or rejection[1].code is not Code.UNRESOLVABLE:
            return True
        return self.pre_filters.index(plugin) <= self.pre_filters.index(rejection[0])


class Outcome(StrEnum):
    """How a PostFilter plugin ended; only `UNSCHEDULABLE` lets the next one run."""

    SUCCESS = "Success"
    UNSCHEDULABLE = "Unschedulable"
    UNRESOLVABLE = "UnschedulableAndUnresolvable"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class PostFilterResult:
    """What a PostFilter plugin achieved.

    Parameters
    ----------
    outcome : Outcome
    reasons : tuple[str, ...]
        Appended to the FitError text unless a node was nominated.
    nominated_node : str or None
        The node to nominate; empty: clear the pod's nomination; None: leave it as it is.
    victims : tuple[Pod, ...]
        Pods to delete, most important first; those that are terminating already are among them.
    """

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    nominated_node: str | None = None
    victims: tuple[Pod, ...] = ()


class PostFilter(Plugin, Protocol):
    """Acts when no node is feasible."""

    def post_filter(self, pod: Pod, failed: FailedCycle) -> PostFilterResult:
        """Try to make the pod schedulable."""
        ...
