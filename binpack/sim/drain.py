"""Draining nodes as `kubectl drain` does: cordon all, then evict the pods of one node after the other, and wait for each.

Source: k8s.io/kubectl/pkg/drain and pkg/cmd/drain, v1.35: a refused eviction is tried again after 5 s, a deletion is looked for every
second, the timeout counts for each node by itself, pods of DaemonSets (--ignore-daemonsets) and mirror pods are left. Volumes of type
emptyDir hold nothing here, so they hinder nothing (--delete-emptydir-data).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from binpack.control.apiserver.errors import NotFoundError, TooManyRequestsError
from binpack.control.apiserver.eviction import evict
from binpack.control.apiserver.store import Store
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.node import Node
from binpack.model.pod import MIRROR_ANNOTATION, Pod
from binpack.sim.some_names import some
from binpack.sim.timeline import Drain
from binpack.units import US_PER_S

RETRY_US = 5 * US_PER_S
POLL_US = US_PER_S


@dataclass(slots=True)
class _Target:
    """A pod that must go.

    Parameters
    ----------
    name, namespace, uid : str
    next_try_us : int
        When its eviction is asked for again.
    is_evicted : bool
        Whether the API server has agreed; it may still be terminating.
    """

    name: str
    namespace: str
    uid: str
    next_try_us: int
    is_evicted: bool = False


@dataclass(slots=True)
class DrainProgress:
    """How far a drain is.

    Parameters
    ----------
    order : Drain
        What was asked for.
    position : int
        Which of its nodes is being drained; their number when all are done.

    Attributes
    ----------
    evicted, refused, timed_out : int
        Evictions that were granted, those that a budget refused, and nodes that were given up.
    """

    order: Drain
    position: int = -1
    evicted: int = 0
    refused: int = 0
    timed_out: int = 0
    _targets: list[_Target] = field(default_factory=list)
    _deadline_us: int | None = None

    def advance(self, store: Store) -> int | None:
        """Do what can be done now, and return when to go on, in microseconds; None at the end.

        Raises
        ------
        ManifestError
            If a node is not there, or pods are that `kubectl drain` would refuse to evict.
        """
        now_us = store.clock.now_us
        if self.position < 0:
            self._cordon(store)
        while self.position < len(self.order.nodes):
            if self.position >= 0:
                self._evict(store, now_us)
                if self._targets and (self._deadline_us is None or now_us < self._deadline_us):
                    return self._next_us(now_us)
                self.timed_out += bool(self._targets)
            self.position += 1
            if self.position < len(self.order.nodes):
                self._targets = self._pods_of(self.order.nodes[self.position], store)
                self._deadline_us = None if self.order.timeout_us is None else now_us + self.order.timeout_us
        return None

    def _cordon(self, store: Store) -> None:
        for name in self.order.nodes:
            node = store.find(Node, name)
            if node is None:
                raise ManifestError(f'at {self.order.time_us / US_PER_S:g} s of the timeline, Drain: nodes "{name}" not found')
            if not node.spec.unschedulable:
                store.update(replace(node, spec=replace(node.spec, unschedulable=True)))

    def _evict(self, store: Store, now_us: int) -> None:
        remaining = []
        for target in self._targets:
            pod = store.find(Pod, target.name, target.namespace)
            if pod is None or pod.metadata.uid != target.uid:
                continue
            if not target.is_evicted and target.next_try_us <= now_us:
                self._try(target, store, now_us)
            remaining.append(target)
        # What had never run is gone with its eviction.
        self._targets = [one for one in remaining if not one.is_evicted or store.find(Pod, one.name, one.namespace) is not None]

    def _try(self, target: _Target, store: Store, now_us: int) -> None:
        try:
            evict(store, target.name, target.namespace, grace_seconds=self.order.grace_seconds)
        except TooManyRequestsError:
            self.refused += 1
            target.next_try_us = now_us + RETRY_US
        except NotFoundError:
            target.is_evicted = True
        else:
            self.evicted += 1
            target.is_evicted = True

    def _next_us(self, now_us: int) -> int:
        times = [now_us + POLL_US if one.is_evicted else one.next_try_us for one in self._targets]
        return min(times) if self._deadline_us is None else min(*times, self._deadline_us)

    def _pods_of(self, node_name: str, store: Store) -> list[_Target]:
        """Return the pods that must leave a node."""
        targets, unmanaged = [], []
        for pod in store.pods_on(node_name):
            owner = controller_of(pod.metadata)
            if MIRROR_ANNOTATION in pod.metadata.annotations or (owner is not None and owner.kind == "DaemonSet" and not pod.is_terminal):
                continue
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            if owner is None and not pod.is_terminal:
                unmanaged.append(name)
            targets.append(_Target(pod.metadata.name, pod.metadata.namespace, pod.metadata.uid, store.clock.now_us))
        if unmanaged and not self.order.force:
            raise ManifestError(self._refusal(node_name, unmanaged))
        return targets

    def _refusal(self, node_name: str, pods: list[str]) -> str:
        at_s = self.order.time_us / US_PER_S
        why = "no controller makes them anew (accepted with force: true)"
        return f"at {at_s:g} s of the timeline, Drain of node {node_name}: pods {some(pods)}: {why}"
