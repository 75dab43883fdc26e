"""The cluster as the scheduler sees it: the node columns, the pods on them counted by class, all other objects, and forks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import ClusterStateError
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.state.catalog import Catalog
from binpack.state.classes import FEATURES, PodClass, PodClasses, is_surely_of_class
from binpack.state.counts import ClassCounts, Demand
from binpack.state.devices import Held
from binpack.state.journal import Journal
from binpack.state.node_table import NodeTable
from binpack.state.order import NodeTree, zone_key
from binpack.state.ports import HostPort
from binpack.state.residents import Residents


class Cluster(NodeTable):
    """Nodes, pods and all other objects of one cluster, mutable, with every column kept up to date.

    Parameters
    ----------
    features : iterable of str, optional
        What tells pod classes apart (`binpack.state.classes.FEATURES`); everything by default.

    Attributes
    ----------
    catalog : Catalog
        Namespaces, services, owners, volumes and so on. Change it through `put` and `delete`.
    journal : Journal
        The rows touched, in order.
    ports_were_shared : bool
        Whether two pods have ever held the same host port of a node: then a set of ports is not what counting pods gives.
    """

    def __init__(self, features: Iterable[str] = tuple(FEATURES)) -> None:
        super().__init__()
        self.classes = PodClasses(features)
        self.counts = ClassCounts()
        self.catalog = Catalog()
        self.journal = Journal()
        self.ports_were_shared = False
        self._residents = Residents()
        self._undo: list[Callable[[], None]] | None = None

    # Reading

    @property
    def _pods(self) -> list[dict[str, tuple[Pod, PodClass]]]:
        return self._residents.by_row

    @property
    def _node_of(self) -> dict[str, str]:
        return self._residents.node_of

    def column(
        self, key: Hashable, weight: Callable[[PodClass], int], *, label_keys: frozenset[str], demand: Demand | None = None
    ) -> NDArray[np.int64]:
        """Return a count column: the sum over each row's pods of a weight of their class, shape [capacity]. A copy.

        Parameters
        ----------
        key : hashable
            Identifies the weight function: equal keys must mean equal weights for every class.
        weight : callable
            From a pod class to the weight of each of its pods.
        label_keys : frozenset[str]
            The pod labels that the weight function reads: `PodClass.labels` holds only labels that somebody announced.
        demand : Demand, optional
            A label of `label_keys` and its values: classes without any of them weigh nothing, and are not asked about.
        """
        if self.classes.read_labels(label_keys):
            self._sort_pods_anew()
        return self.counts.column(key, weight, demand)

    def pods_on(self, row: int) -> dict[str, Pod]:
        """Return the pods on a row by `namespace/name`, in the order in which they came."""
        return {key: pod for key, (pod, _) in self._pods[row].items()}

    def pods(self) -> Iterator[tuple[Pod, str]]:
        """Yield each pod on a node and the node's name, by row and arrival."""
        for row in np.flatnonzero(self.active):
            for pod, _ in self._pods[row].values():
                yield pod, self.node(int(row)).name

    def node_of(self, pod_key: str) -> str | None:
        """Return the name of the node that a pod (`namespace/name`) is bound to; None if to none."""
        return self._node_of.get(pod_key)

    # Nodes

    def add_node(self, node: Node) -> None:
        """Add a node; pods that were bound to its name before now stand on it.

        Raises
        ------
        ClusterStateError
            If a node of that name is there already.
        """
        if node.name in self._row_of:
            raise ClusterStateError(f'node "{node.name}" is in the cluster already (accepted: a name that no other node has)')
        self._log(self._node_undo(node.name))
        self._occupy(node, self._allocate_row(node))
        self.order.add(node.name, node.metadata.labels)
        self.node_version += 1
        for pod in self._residents.strays.pop(node.name, {}).values():
            self._place(pod, node.name)
        self.journal.append(self._row_of[node.name])

    def update_node(self, node: Node) -> None:
        """Replace a node's object; a node that changed zone moves to a row of its new zone.

        Raises
        ------
        ClusterStateError
            If there is no node of that name.
        """
        row = self._existing_row(node.name)
        before = self.node(row)
        self._log(self._node_undo(node.name))
        if zone_key(before.metadata.labels) == zone_key(node.metadata.labels):
            self._fill(row, node)
            self.journal.append(row)
        else:
            self._move(node)
        self.order.update(node.name, node.metadata.labels)

    def remove_node(self, name: str) -> None:
        """Remove a node. Its pods are kept aside, for a node of the same name to come back.

        Raises
        ------
        ClusterStateError
            If there is no node of that name.
        """
        row = self._existing_row(name)
        self._log(self._node_undo(name))
        pods = self.pods_on(row)
        for key in pods:
            self._displace(key, name)
        for pod in pods.values():
            self._residents.keep_aside(pod, name)
        self._vacate(name)
        self.order.remove(name)
        self.node_version += 1
        self.journal.append(row)

    # Pods

    def add_pod(self, pod: Pod, node_name: str, *, pod_class: PodClass | None = None) -> None:
        """Count a pod on a node (bound, or assumed to be). The pods of an unknown node are kept aside until it comes.

        Parameters
        ----------
        pod : Pod
        node_name : str
        pod_class : PodClass, optional
            Where it is known: that of the pod before it was bound, for a node's name tells no pods apart.

        Raises
        ------
        ClusterStateError
            If the pod is on a node already.
        """
        if pod.key in self._node_of:
            raise ClusterStateError(f'pod "{pod.key}" is on node "{self._node_of[pod.key]}" already (accepted: a pod that is on none)')
        if node_name in self._row_of:
            self._log(self._pod_undo(pod, node_name, placed=False))
            self._place(pod, node_name, pod_class)
        else:
            self._log(lambda: self._residents.forget_stray(pod.key, node_name))
            self._residents.keep_aside(pod, node_name)

    def adopt(self, pods: Sequence[Pod], classes: Sequence[PodClass], rows: Sequence[int]) -> list[str]:
        """Take over pods, each with its class and its row, that a kernel has counted into every column already; return their nodes.

        They must be on no node.
        """
        names = self.names
        nodes = [names[row] for row in rows]
        if self._undo is not None or any(pod_class.host_ports for pod_class in dict.fromkeys(classes)):
            for pod, pod_class, row, node in zip(pods, classes, rows, nodes, strict=True):
                self._log(self._pod_undo(pod, node, placed=False))
                self._take_ports(row, pod_class)
        self._residents.arrive((pods, classes, rows, nodes))
        self.counts.note(classes, rows)
        return nodes

    def column_number(
        self, key: Hashable, weight: Callable[[PodClass], int], *, label_keys: frozenset[str], demand: Demand | None = None
    ) -> int:
        """Return the number of a count column in `counts.values`, as `column` returns the column itself."""
        if self.classes.read_labels(label_keys):
            self._sort_pods_anew()
        return self.counts.number(key, weight, demand)

    def read_labels(self, keys: frozenset[str]) -> None:
        """Let labels tell pod classes apart, also where no count column reads them."""
        if self.classes.read_labels(keys):
            self._sort_pods_anew()

    def remove_pod(self, key: str) -> Pod:
        """Take a pod (`namespace/name`) off its node and return it.

        Raises
        ------
        ClusterStateError
            If the pod is on no node.
        """
        node_name = self._existing_node_of(key)
        if node_name not in self._row_of:
            pod = self._residents.strays[node_name][key]
            self._residents.forget_stray(key, node_name)
            self._log(lambda: self._residents.keep_aside(pod, node_name))
        else:
            pod, _ = self._pods[self._row_of[node_name]][key]
            self._log(self._pod_undo(pod, node_name, placed=True))
            self._displace(key, node_name)
        self._write_ledger(key, None)
        return pod

    def update_pod(self, pod: Pod) -> None:
        """Replace the object of a pod that is on a node; it stays there.

        Raises
        ------
        ClusterStateError
            If the pod is on no node.
        """
        node_name = self._existing_node_of(pod.key)
        row = self._row_of.get(node_name)
        if row is not None and is_surely_of_class(pod, self._pods[row][pod.key][0]):
            self._exchange(pod, row)
            return
        held = self.devices.ledger.get(pod.key)
        self.remove_pod(pod.key)
        self._write_ledger(pod.key, held)
        self.add_pod(pod, node_name)

    def allot_devices(self, key: str, held: Held) -> None:
        """Let a pod that is on a node hold devices of it; it gives them back when it is removed, or by `return_devices`.

        Raises
        ------
        ClusterStateError
            If the pod is on no node.
        """
        self._exchange_devices(key, held)

    def return_devices(self, key: str) -> None:
        """Undo `allot_devices` for a pod that is on a node."""
        self._exchange_devices(key, None)

    # Other objects

    def put(self, value: Any) -> None:
        """Add or replace an object that is neither node nor pod."""
        before = self.catalog.put(value)
        meta = value.metadata
        self._log(lambda: self._restore_object(value.kind, meta.name, meta.namespace, before))

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Remove an object that is neither node nor pod, if it is there."""
        if self._undo is not None:
            all_before = self.catalog.snapshot(kind)
            self._log(lambda: self.catalog.restore(kind, all_before))
        self.catalog.remove(kind, name, namespace)

    # Forks

    @contextmanager
    def fork(self) -> Iterator[Cluster]:
        """Try something out: every change made inside the `with` block is undone at its end. Forks nest.

        The restored rows are journalled like any change, for whoever caught up inside the fork.

        Examples
        --------
        >>> cluster = Cluster()
        >>> with cluster.fork():
        ...     cluster.add_node(Node())
        ...     len(cluster)
        1
        >>> len(cluster)
        0
        """
        outer, self._undo = self._undo, []
        try:
            yield self
        finally:
            steps, self._undo = self._undo, None
            for step in reversed(steps):
                step()
            self._undo = outer

    def _log(self, undo: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(undo)

    def _pod_undo(self, pod: Pod, node_name: str, *, placed: bool) -> Callable[[], None]:
        """What undoes a change of one pod. Ports are put back as they were: as a set they do not count who holds them."""
        if self._undo is None:
            return _nothing
        row = self._row_of[node_name]
        ports = [(port, self._ports.get(row, port)) for port in self.classes.of(pod).host_ports]
        order = list(self._pods[row])

        def undo() -> None:
            if placed:
                self._place(pod, node_name)
                # It comes back where it stood, not last: among equal victims of preemption the order decides.
                pods = self._pods[self._row_of[node_name]]
                self._pods[self._row_of[node_name]] = {key: pods[key] for key in order}
            else:
                self._displace(pod.key, node_name)
            self._restore_ports(self._row_of[node_name], ports)

        return undo

    def _node_undo(self, name: str) -> Callable[[], None]:
        """What undoes a change of one node, whatever it is: the node as it is now, its pods, ports and place in the order."""
        if self._undo is None:
            return _nothing
        row = self._row_of.get(name)
        node = None if row is None else self.nodes[row]
        pods = dict(self._residents.strays.get(name, {})) if row is None else self.pods_on(row)
        ports = [] if row is None else self._port_image(row)
        order = self.order.copy()

        def undo() -> None:
            self._restore_node(name, node, row, pods, ports, order)

        return undo

    def _restore_node(
        self,
        name: str,
        node: Node | None,
        row: int | None,
        pods: dict[str, Pod],
        ports: list[tuple[HostPort, bool]],
        order: NodeTree,
    ) -> None:
        if name in self._row_of:
            for key in self.pods_on(self._row_of[name]):
                self._displace(key, name)
            self.journal.append(self._vacate(name))
        self._residents.strays.pop(name, None)
        if node is None or row is None:
            for pod in pods.values():
                self._residents.keep_aside(pod, name)
        else:
            self._layout.reclaim(row)
            self._occupy(node, row)
            for pod in pods.values():
                self._place(pod, name)
            self._restore_ports(row, ports)
            self.journal.append(row)
        self.order = order
        self.node_version += 1

    def _port_image(self, row: int) -> list[tuple[HostPort, bool]]:
        """Which ports of a row are in use: those in the set, and those that its pods want and another's deletion has freed."""
        wanted = [port for _, pod_class in self._pods[row].values() for port in pod_class.host_ports]
        return [(port, self._ports.get(row, port)) for port in dict.fromkeys((*self._ports.of(row), *wanted))]

    def _restore_ports(self, row: int, ports: list[tuple[HostPort, bool]]) -> None:
        for port, used in ports:
            self._ports.set(row, port, used)

    def _restore_object(self, kind: str, name: str, namespace: str, before: Any | None) -> None:
        if before is None:
            self.catalog.remove(kind, name, namespace)
        else:
            self.catalog.put(before)

    # Rows and pods

    def _exchange_devices(self, key: str, held: Held | None) -> None:
        before = self.devices.ledger.get(key)
        self._log(lambda: self._set_devices(key, before))
        self._set_devices(key, held)

    def _set_devices(self, key: str, held: Held | None) -> None:
        row = self._row_of.get(self._existing_node_of(key))
        self._set_ledger(key, held)
        if row is not None:
            self.devices.release(key, row)
            self.devices.occupy(self._pods[row][key][0], row)
            self.journal.append(row)

    def _write_ledger(self, key: str, held: Held | None) -> None:
        """Write what a pod that is on no node now will hold when it comes back."""
        before = self.devices.ledger.get(key)
        if before != held:
            self._log(lambda: self._set_ledger(key, before))
            self._set_ledger(key, held)

    def _set_ledger(self, key: str, held: Held | None) -> None:
        if held is None:
            self.devices.ledger.pop(key, None)
        else:
            self.devices.ledger[key] = held

    def _place(self, pod: Pod, node_name: str, pod_class: PodClass | None = None) -> None:
        row = self._row_of[node_name]
        pod_class = pod_class or self.classes.of(pod)
        self._pods[row][pod.key] = (pod, pod_class)
        self._node_of[pod.key] = node_name
        self.devices.occupy(pod, row)
        self._count(row, pod_class, 1)
        if pod_class.host_ports:
            self._take_ports(row, pod_class)

    def _take_ports(self, row: int, pod_class: PodClass) -> None:
        for port in dict.fromkeys(pod_class.host_ports):
            self.ports_were_shared |= self._ports.get(row, port)
            self._ports.set(row, port, True)

    def _displace(self, key: str, node_name: str) -> None:
        row = self._row_of[node_name]
        _, pod_class = self._pods[row].pop(key)
        del self._node_of[key]
        self.devices.release(key, row)
        self._count(row, pod_class, -1)
        for port in pod_class.host_ports:
            self._ports.set(row, port, False)

    def _exchange(self, pod: Pod, row: int) -> None:
        """Put another state of a pod, which counts the same, in its place: last, as if it had left and come back."""
        pods = self._pods[row]
        if self._undo is not None:
            before = dict(pods)
            self._log(lambda: self._pods.__setitem__(row, before))
        _, pod_class = pods.pop(pod.key)
        pods[pod.key] = (pod, pod_class)

    def _count(self, row: int, pod_class: PodClass, pods: int) -> None:
        vector = self.resource_vector(pod_class.placed)
        self.requested[:, row] += pods * vector
        self.nonzero_requested[0, row] += pods * pod_class.nonzero[0]
        self.nonzero_requested[1, row] += pods * pod_class.nonzero[1]
        self.pod_counts[row] += pods
        self.counts.add(pod_class, row, pods)
        self.journal.append(row)

    def _move(self, node: Node) -> None:
        """Give a node that changed its zone a row there, with its pods and its ports."""
        row = self._row_of[node.name]
        pods, ports = self.pods_on(row), self._port_image(row)
        for key in pods:
            self._displace(key, node.name)
        self.journal.append(self._vacate(node.name))
        self._occupy(node, self._allocate_row(node))
        for pod in pods.values():
            self._place(pod, node.name)
        self._restore_ports(self._row_of[node.name], ports)
        # Row numbers changed, though no node joined or left: whatever is kept by row and node version must be made again.
        self.node_version += 1
        self.journal.append(self._row_of[node.name])

    def _sort_pods_anew(self) -> None:
        """Find every pod's class again: a selector has begun to read labels that told no pods apart before."""
        self.counts.clear()
        for row, pods in enumerate(self._pods):
            for key, (pod, _) in pods.items():
                pod_class = self.classes.of(pod)
                pods[key] = (pod, pod_class)
                self.counts.add(pod_class, row, 1)

    def _make_room(self) -> None:
        super()._make_room()
        self.counts.grow(self.capacity)
        self._residents.grow(self.capacity)

    def _existing_row(self, name: str) -> int:
        row = self._row_of.get(name)
        if row is None:
            raise ClusterStateError(f'node "{name}" is not in the cluster')
        return row

    def _existing_node_of(self, key: str) -> str:
        node_name = self._node_of.get(key)
        if node_name is None:
            raise ClusterStateError(f'pod "{key}" is on no node')
        return node_name


def _nothing() -> None:
    """Undo nothing: outside a fork no change is remembered."""
