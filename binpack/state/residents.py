"""Who stands where: the pods of each row, and the node of each pod. Pods that a kernel placed are written down when somebody asks.

A researcher who replays a week asks what was decided, seldom who else is on a node: then two dictionaries and a bound object for each
pod would cost as much as the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.state.classes import PodClass

Arrivals = tuple[Sequence[Pod], Sequence[PodClass], Sequence[int], Sequence[str]]
"""Pods without a node name, with their classes, rows and node names."""


class Residents:
    """The pods on nodes, and those bound to nodes that are not there.

    Attributes
    ----------
    strays : dict[str, dict[str, Pod]]
        By the name of a node that is not there: the pods that are bound to it, by `namespace/name`.
    """

    def __init__(self) -> None:
        self.strays: dict[str, dict[str, Pod]] = {}
        self._by_row: list[dict[str, tuple[Pod, PodClass]]] = []
        self._node_of: dict[str, str] = {}
        self._arrivals: list[Arrivals] = []

    @property
    def by_row(self) -> list[dict[str, tuple[Pod, PodClass]]]:
        """By row: the pods there and their classes by `namespace/name`, in the order in which they came."""
        if self._arrivals:
            self._write_down()
        return self._by_row

    @property
    def node_of(self) -> dict[str, str]:
        """The node that each pod is bound to, by `namespace/name`."""
        if self._arrivals:
            self._write_down()
        return self._node_of

    def arrive(self, arrivals: Arrivals) -> None:
        """Take pods in; they are written down when somebody asks."""
        self._arrivals.append(arrivals)

    def keep_aside(self, pod: Pod, node_name: str) -> None:
        """Remember a pod that is bound to a node that is not there."""
        self.strays.setdefault(node_name, {})[pod.key] = pod
        self.node_of[pod.key] = node_name

    def forget_stray(self, key: str, node_name: str) -> None:
        """Forget such a pod."""
        pods = self.strays[node_name]
        del pods[key], self.node_of[key]
        if not pods:
            del self.strays[node_name]

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self._by_row.extend({} for _ in range(rows - len(self._by_row)))

    def _write_down(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        by_row, node_of = self._by_row, self._node_of
        for pods, classes, rows, nodes in arrivals:
            for pod, pod_class, row, node in zip(pods, classes, rows, nodes, strict=True):
                key = pod.key
                by_row[row][key] = (replace(pod, spec=replace(pod.spec, node_name=node)), pod_class)
                node_of[key] = node
