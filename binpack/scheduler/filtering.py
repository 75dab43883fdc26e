"""PreFilter and Filter: which nodes are feasible for a pod, and for every other node the plugin and the code that reject it.

"Unschedulable" is a value: one code a node and plugin. The histogram of the codes is the FitError message.
Source: schedule_one.go (findNodesThatFitPod) and framework/runtime/framework.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.answers import checked_codes
from binpack.framework.interface import Shortlist, Skip
from binpack.framework.profile import Profile
from binpack.framework.status import Code, Status, unresolvable
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

PASSED = -1
UNLISTED = -2
"""Verdicts that are no index of a filter: feasible, and left out by a shortlist."""


@dataclass(slots=True)
class Preparation:
    """What PreFilter found out about one pod.

    Parameters
    ----------
    prepared : dict[str, Any]
        By plugin, what its filter works with. A plugin that skipped is not in it, and stays off for the whole cycle.
    rejection : tuple[str, Status] or None
        The plugin that rejects the pod on every node.
    shortlist : NDArray[np.bool_] or None
        The rows that a shortlist leaves, shape [capacity].
    shortlisted_by : tuple[str, ...]
        The plugins that shortlisted, sorted.
    """

    prepared: dict[str, Any] = field(default_factory=dict)
    rejection: tuple[str, Status] | None = None
    shortlist: NDArray[np.bool_] | None = None
    shortlisted_by: tuple[str, ...] = ()


@dataclass(slots=True)
class Filtering:
    """The verdict of every row.

    Parameters
    ----------
    preparation : Preparation
    plugins : tuple
        The filters that ran, in order.
    verdicts : NDArray[np.int16]
        Shape [capacity]: `PASSED`, `UNLISTED`, or the position in `plugins` of the first that rejected the row.
    codes : NDArray[np.uint32]
        Shape [capacity]: that plugin's own code.
    own_statuses : dict[int, tuple[str, Status]]
        Rows whose verdict came from a dry run with nominated pods, where a code means something else.
    """

    preparation: Preparation
    plugins: tuple[Any, ...]
    verdicts: NDArray[np.int16]
    codes: NDArray[np.uint32]
    own_statuses: dict[int, tuple[str, Status]] = field(default_factory=dict)

    def status(self, row: int) -> tuple[str, Status]:
        """Return the plugin that rejected a row and its status."""
        if self.preparation.rejection is not None:
            return self.preparation.rejection
        if row in self.own_statuses:
            return self.own_statuses[row]
        verdict = int(self.verdicts[row])
        if verdict == UNLISTED:
            names = self.preparation.shortlisted_by
            return " ".join(names), unresolvable(unlisted_reason(names))
        plugin = self.plugins[verdict]
        return plugin.name, plugin.status(self.preparation.prepared[plugin.name], int(self.codes[row]))

    def groups(self, rows: NDArray[np.intp]) -> Iterator[tuple[str, Status, NDArray[np.intp]]]:
        """Yield rejected rows grouped by plugin and code, each group with its one status."""
        ordinary = rows
        if self.own_statuses:
            own = np.isin(rows, list(self.own_statuses))
            for row in rows[own]:
                yield (*self.status(int(row)), np.array([row], np.intp))
            ordinary = rows[~own]
        keys = (self.verdicts[ordinary].astype(np.int64) << 32) | self.codes[ordinary]
        for key in np.unique(keys):
            group = ordinary[keys == key]
            yield (*self.status(int(group[0])), group)

    def is_resolvable(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell for rejected rows whether removing pods may help there, shape [len(rows)]."""
        if self.preparation.rejection is not None:
            return np.full(len(rows), self.preparation.rejection[1].code is Code.UNSCHEDULABLE)
        helped = np.zeros(self.verdicts.shape, np.bool_)
        listed = self.verdicts[rows] != UNLISTED
        for _, status, group in self.groups(rows[listed]):
            helped[group] = status.code is Code.UNSCHEDULABLE
        return helped[rows]


def unlisted_reason(plugins: tuple[str, ...]) -> str:
    """The reason of a node that a PreFilter shortlist left out."""
    return f"node(s) didn't satisfy plugin(s) [{' '.join(plugins)}]"


def prepare(pod: Pod, cluster: Cluster, profile: Profile) -> Preparation:
    """Run PreFilter: compile each filter for the pod, collect shortlists, notice a rejection on all nodes.

    Raises
    ------
    SchedulingError
        If a plugin fails (an unparsable selector, for example).
    """
    preparation = Preparation()
    listed: frozenset[str] | None = None
    shortlisting: list[str] = []
    skipped: set[str] = set()
    for plugin in profile.pre_filters:
        answer = plugin.prepare(pod, cluster)
        if isinstance(answer, Skip):
            skipped.add(plugin.name)
            continue
        if isinstance(answer, Status):
            preparation.rejection = (plugin.name, answer)
            if answer.code is Code.UNRESOLVABLE:
                return preparation
            continue
        if isinstance(answer, Shortlist):
            listed = answer.node_names if listed is None else listed & answer.node_names
            shortlisting.append(plugin.name)
            preparation.prepared[plugin.name] = answer.prepared
            if not listed:
                preparation.rejection = (plugin.name, _empty_shortlist(shortlisting))
                return preparation
            continue
        preparation.prepared[plugin.name] = answer
    _prepare_filters_alone(pod, cluster, profile, preparation, skipped)
    if listed is not None:
        preparation.shortlist = np.zeros(cluster.capacity, np.bool_)
        rows = [row for name in listed if (row := cluster.row_of(name)) is not None]
        preparation.shortlist[rows] = True
        preparation.shortlisted_by = tuple(sorted(shortlisting))
    return preparation


def filter_rows(preparation: Preparation, profile: Profile, rows: NodeRows) -> tuple[NDArray[np.int16], NDArray[np.uint32]]:
    """Run the filters over rows; the first rejection decides.

    Returns
    -------
    verdicts, codes
        Shape [len(rows)] each: the position in `active_filters` of the first plugin that rejects (`PASSED` if none), and its code.
    """
    verdicts = np.full(len(rows), PASSED, np.int16)
    codes = np.zeros(len(rows), np.uint32)
    for position, plugin in enumerate(active_filters(preparation, profile)):
        own = checked_codes(plugin.name, plugin.filter(preparation.prepared[plugin.name], rows), len(rows))
        first = (own != 0) & (verdicts == PASSED)
        verdicts[first] = position
        codes[first] = own[first]
    return verdicts, codes


def active_filters(preparation: Preparation, profile: Profile) -> tuple[Any, ...]:
    """Return the filters that did not skip, in order."""
    return tuple(plugin for plugin in profile.filters if plugin.name in preparation.prepared)


def filter_all(preparation: Preparation, cluster: Cluster, profile: Profile) -> Filtering:
    """Run the filters over all rows (those of a shortlist count, where there is one)."""
    if preparation.rejection is not None:
        nobody = np.full(cluster.capacity, UNLISTED, np.int16)
        return Filtering(preparation, (), nobody, np.zeros(cluster.capacity, np.uint32))
    verdicts, codes = filter_rows(preparation, profile, cluster.rows())
    if preparation.shortlist is not None:
        verdicts[~preparation.shortlist] = UNLISTED
    return Filtering(preparation, active_filters(preparation, profile), verdicts, codes)


def _prepare_filters_alone(pod: Pod, cluster: Cluster, profile: Profile, preparation: Preparation, skipped: set[str]) -> None:
    """Prepare the plugins that run at Filter but not at PreFilter."""
    pre_filters = {plugin.name for plugin in profile.pre_filters}
    for plugin in profile.filters:
        if plugin.name in pre_filters:
            continue
        answer = plugin.prepare(pod, cluster)
        if isinstance(answer, Status | Shortlist):
            # Upstream such a plugin finds no state of its own in the cycle and fails it.
            raise SchedulingError(f"{plugin.name} runs at filter without its preFilter, where it has something to say about this pod")
        if not isinstance(answer, Skip):
            preparation.prepared[plugin.name] = answer


def _empty_shortlist(plugins: list[str]) -> Status:
    if len(plugins) == 1:
        return unresolvable(f"node(s) didn't satisfy plugin {plugins[0]}")
    return unresolvable(f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(plugins))}] simultaneously")
