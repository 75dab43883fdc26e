"""Filtering one node under changes: with nominated pods added, with victims removed.

The plugins' prepared state follows each change through their own add_pod and remove_pod, as upstream: preparing anew would give
other answers, and a plugin that skipped stays off.
Source: framework/runtime/framework.go (RunFilterPluginsWithNominatedPods), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from binpack.framework.profile import Profile
from binpack.framework.status import Status
from binpack.model.pod import Pod
from binpack.scheduler.filtering import PASSED, UNLISTED, Filtering, Preparation, active_filters, filter_rows
from binpack.state.cluster import Cluster

NominatedPods = Mapping[str, Sequence[Pod]]
"""By node name: the pods that are nominated to it and not bound."""


def more_important(pod: Pod, nominated: Sequence[Pod]) -> list[Pod]:
    """Return the nominated pods that count against an incoming one: priority at least its own, and not itself."""
    return [other for other in nominated if other.priority >= pod.priority and other.key != pod.key]


def apply_nominations(pod: Pod, filtering: Filtering, cluster: Cluster, profile: Profile, nominated: NominatedPods) -> None:
    """Correct the verdicts of nodes that have pods nominated to them: the pod must fit with them and without them."""
    for node_name, pods in nominated.items():
        row, others = cluster.row_of(node_name), more_important(pod, pods)
        if row is None or not others or filtering.verdicts[row] == UNLISTED:
            continue
        rejection = _rejection_with(others, filtering.preparation, cluster, profile, row)
        if rejection is not None:
            position, name, status = rejection
            filtering.verdicts[row] = position
            filtering.own_statuses[row] = (name, status)


class NodeDryRun:
    """A node under trial changes (`binpack.framework.post_filter.DryRun`)."""

    def __init__(self, pod: Pod, preparation: Preparation, cluster: Cluster, profile: Profile, row: int, nominated: NominatedPods) -> None:
        self._preparation = _copied(preparation, profile)
        self._cluster = cluster
        self._profile = profile
        self._row = row
        self._node = cluster.node(row).name
        self._others = more_important(pod, nominated.get(self._node, ()))

    def remove(self, pod: Pod) -> None:
        """Take a pod off the node."""
        self._cluster.remove_pod(pod.key)
        for plugin, prepared in _incremental(self._preparation, self._profile):
            plugin.remove_pod(prepared, pod, self._row, self._cluster)

    def add(self, pod: Pod) -> None:
        """Put a pod on the node."""
        _add(pod, self._preparation, self._cluster, self._profile, self._row)

    def rejection(self) -> Status | None:
        """Filter the incoming pod on the node as it is now, with the nominated pods and without."""
        if self._others:
            rejection = _rejection_with(self._others, self._preparation, self._cluster, self._profile, self._row)
            if rejection is not None:
                return rejection[2]
        plain = _rejection(self._preparation, self._cluster, self._profile, self._row)
        return None if plain is None else plain[2]


@contextmanager
def dry_run(
    pod: Pod, preparation: Preparation, cluster: Cluster, profile: Profile, row: int, nominated: NominatedPods
) -> Iterator[NodeDryRun]:
    """Try changes on one node; the cluster is as it was afterwards."""
    with cluster.fork():
        yield NodeDryRun(pod, preparation, cluster, profile, row, nominated)


def _rejection_with(
    others: Sequence[Pod], preparation: Preparation, cluster: Cluster, profile: Profile, row: int
) -> tuple[int, str, Status] | None:
    """Filter one row with further pods on it, in order."""
    copied = _copied(preparation, profile)
    with cluster.fork():
        for other in others:
            _add(other, copied, cluster, profile, row)
        return _rejection(copied, cluster, profile, row)


def _rejection(preparation: Preparation, cluster: Cluster, profile: Profile, row: int) -> tuple[int, str, Status] | None:
    verdicts, codes = filter_rows(preparation, profile, cluster.rows(np.array([row], np.intp)))
    position = int(verdicts[0])
    if position == PASSED:
        return None
    plugin = active_filters(preparation, profile)[position]
    return position, plugin.name, plugin.status(preparation.prepared[plugin.name], int(codes[0]))


def _add(pod: Pod, preparation: Preparation, cluster: Cluster, profile: Profile, row: int) -> None:
    cluster.add_pod(pod, cluster.node(row).name)
    for plugin, prepared in _incremental(preparation, profile):
        plugin.add_pod(prepared, pod, row, cluster)


def _incremental(preparation: Preparation, profile: Profile) -> Iterator[tuple[Any, Any]]:
    for plugin in profile.pre_filters:
        # What `Incremental` says, without the time that checking against a protocol takes: this runs for every node of a dry run.
        if hasattr(plugin, "add_pod") and plugin.name in preparation.prepared:
            yield plugin, preparation.prepared[plugin.name]


def _copied(preparation: Preparation, profile: Profile) -> Preparation:
    copies = {plugin.name: prepared.copy() for plugin, prepared in _incremental(preparation, profile)}
    return replace(preparation, prepared={**preparation.prepared, **copies})
