"""NodePorts: a node on which a wanted host port is in use is no place for the pod.

Source: nodeports/node_ports.go and kube-scheduler framework/types.go (HostPortInfo.CheckConflict), v1.35.
"""

from __future__ import annotations

from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unschedulable
from binpack.model.pod import Pod
from binpack.plugins.hints import held_a_place
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.state.ports import ANY_IP, HostPort, host_ports


def _clash(one: HostPort, other: HostPort) -> bool:
    """Two ports clash on the same address; `0.0.0.0` is every address (and `::` is not)."""
    return one[1:] == other[1:] and (one.ip == other.ip or ANY_IP in (one.ip, other.ip))


def _freed_a_port(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return held_a_place(event.before) and any(_clash(*ports) for ports in product(host_ports(pod), host_ports(event.before)))


def clashing_pods_number(cluster: Cluster, wanted: tuple[HostPort, ...]) -> int:
    """Return the number of the count column (`cluster.counts.values`) of pods that hold a port which clashes with a wanted one.

    It says what the columns of used ports say, as long as no port of a node was ever held by two pods (`cluster.ports_were_shared`).
    """

    def weight(pod_class: PodClass) -> int:
        return int(any(_clash(*ports) for ports in product(wanted, pod_class.host_ports)))

    return cluster.column_number(("NodePorts", wanted), weight, label_keys=frozenset())


class NodePorts:
    """Looks the wanted ports up in the columns of used ones. The pod's own ports are not compared with each other."""

    name: ClassVar[str] = "NodePorts"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("hostPorts",)
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.POD, Action.DELETE, _freed_a_port),
        EventHint(Resource.NODE, Action.ADD),
    )

    def prepare(self, pod: Pod, cluster: Cluster) -> tuple[HostPort, ...] | Skip:
        """Return the wanted ports."""
        return cluster.classes.of(pod).host_ports or SKIP

    def filter(self, prepared: tuple[HostPort, ...], rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: 1 where a wanted port is in use; shape [len(rows)]."""
        taken = np.zeros(len(rows), np.bool_)
        for wanted in prepared:
            for ip, used in rows.cluster.used_ports(wanted.protocol, wanted.port).items():
                if wanted.ip == ip or ANY_IP in (wanted.ip, ip):
                    taken |= rows.take(used)
        return taken.astype(np.uint32)

    def status(self, prepared: tuple[HostPort, ...], code: int) -> Status:
        """Translate a code into a status with its reasons."""
        return unschedulable("node(s) didn't have free ports for the requested pod ports")
