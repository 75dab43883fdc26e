"""The columns: one array a fact about nodes, one entry a row."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from binpack.model.node import Node, Taint
from binpack.model.requests import PODS, resource_list
from binpack.state.columns import LabelColumn, NodeValueColumn, ResourceIndex, grown
from binpack.state.devices import Devices
from binpack.state.journal import Journal
from binpack.state.node_rows import NodeRows
from binpack.state.order import NodeTree, zone_key
from binpack.state.ports import UsedPorts
from binpack.state.rows import RowLayout


class NodeTable:
    """Nodes as rows, everything about them as arrays over rows.

    Attributes
    ----------
    capacity : int
        Length of every per-row array. Rows without a node are holes.
    active : NDArray[np.bool_]
        Which rows hold a node, shape [capacity].
    nodes : list[Node | None]
        The objects by row.
    names : list[str]
        The nodes' names by row, empty in holes.
    allocatable, requested : NDArray[np.int64]
        Shape [resources, capacity]; cpu in milli-cores, memory and storage in bytes, the rest in units. Resource-major.
    nonzero_requested : NDArray[np.int64]
        Shape [2, capacity]: cpu and memory of the pods there, with the scheduler's defaults for missing requests.
    allowed_pods, pod_counts : NDArray[np.int64]
        Shape [capacity].
    taint_set : NDArray[np.int32]
        Shape [capacity]; an index into `taint_sets`, where equal lists of taints are one entry. Entry 0 has no taint.
    devices : Devices
        What is free on every device, and who holds it.
    node_version : int
        Moves whenever a node joins or leaves.
    node_journal : Journal
        The rows on which anything that a Node object says has changed, in order.
    """

    def __init__(self) -> None:
        self.resources = ResourceIndex()
        self.devices = Devices()
        self.order = NodeTree()
        self.capacity = 0
        self.node_version = 0
        self.node_journal = Journal(1 << 12)
        self.nodes: list[Node | None] = []
        self.names: list[str] = []
        self.taint_sets: list[tuple[Taint, ...]] = [()]
        self.active: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.unschedulable: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.taint_set: NDArray[np.int32] = np.zeros(0, np.int32)
        self.allocatable: NDArray[np.int64] = np.zeros((len(self.resources), 0), np.int64)
        self.requested: NDArray[np.int64] = np.zeros((len(self.resources), 0), np.int64)
        self.nonzero_requested: NDArray[np.int64] = np.zeros((2, 0), np.int64)
        self.allowed_pods: NDArray[np.int64] = np.zeros(0, np.int64)
        self.pod_counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._layout = RowLayout()
        self._row_of: dict[str, int] = {}
        self._taint_codes: dict[tuple[Taint, ...], int] = {(): 0}
        self._labels: dict[str, LabelColumn] = {}
        self._node_values: dict[Hashable, NodeValueColumn] = {}
        self._ports = UsedPorts()
        self._ranks: tuple[int, NDArray[np.int64]] = (-1, np.zeros(0, np.int64))
        self._ordered: tuple[int, NDArray[np.intp]] = (-1, np.zeros(0, np.intp))

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def static_version(self) -> int:
        """Moves whenever anything that a Node object says has changed on some row: the position of `node_journal`."""
        return self.node_journal.position

    @property
    def block_zones(self) -> list[str]:
        """The zone key of each block of `binpack.state.rows.BLOCK` rows: a block holds nodes of one zone only."""
        return self._layout.block_zones

    def row_of(self, node_name: str) -> int | None:
        """Return a node's row; None if there is no such node."""
        return self._row_of.get(node_name)

    def node(self, row: int) -> Node:
        """Return the node of an active row."""
        node = self.nodes[row]
        assert node is not None, f"row {row} is a hole"
        return node

    def rows(self, index: slice | NDArray[np.intp] | None = None) -> NodeRows:
        """Return a view of some rows; of all, holes included, by default."""
        return NodeRows(self, index)

    def rows_in_order(self) -> NDArray[np.intp]:
        """Return the rows of all nodes in kube-scheduler's node order (zones in turn), shape [nodes]."""
        if self._ordered[0] != self.node_version:
            self._ordered = (self.node_version, np.array([self._row_of[name] for name in self.order.names()], np.intp))
        return self._ordered[1]

    def name_ranks(self) -> NDArray[np.int64]:
        """Return the rank of each row's node name in bytewise order, shape [capacity]; holes come last."""
        if self._ranks[0] != self.node_version:
            ranks = np.full(self.capacity, self.capacity, np.int64)
            for rank, name in enumerate(sorted(self._row_of, key=str.encode)):
                ranks[self._row_of[name]] = rank
            self._ranks = (self.node_version, ranks)
        return self._ranks[1]

    def label(self, key: str) -> NDArray[np.int32]:
        """Return the codes of a label key, shape [capacity]; -1 where it is absent. A live view."""
        return self._label_column(key).codes

    def label_values(self, key: str) -> list[str]:
        """Return what the codes of a label key stand for."""
        return self._label_column(key).values

    def label_code(self, key: str, value: str) -> int | None:
        """Return the code of a label's value; None if no node ever had it."""
        return self._label_column(key).find(value)

    def node_values(self, key: Hashable, of: Callable[[Node], int]) -> NDArray[np.int64]:
        """Return an integer derived from each Node object, shape [capacity], 0 in holes. A live view, kept up to date.

        Parameters
        ----------
        key : hashable
            Identifies the function: equal keys must mean equal values for every node.
        of : callable
            From a node to its value.
        """
        column = self._node_values.get(key)
        if column is None:
            column = self._node_values[key] = NodeValueColumn(of, self.capacity)
            column.fill(self.nodes)
        return column.values

    def used_ports(self, protocol: str, port: int) -> dict[str, NDArray[np.bool_]]:
        """Return, for each host ip, whether each row has (protocol, port) in use there, shape [capacity] each."""
        return self._ports.by_ip(protocol, port)

    def resource_vector(self, amounts: dict[str, int]) -> NDArray[np.int64]:
        """Spread amounts by resource name over the resource axis, shape [resources]; new names get a position."""
        positions = [self._intern_resource(name) for name in amounts]
        vector = np.zeros(len(self.resources), np.int64)
        vector[positions] = list(amounts.values())
        return vector

    def _occupy(self, node: Node, row: int) -> None:
        """Give a node a row that the layout has just handed out."""
        self._make_room()
        self._row_of[node.name] = row
        self.active[row] = True
        self._fill(row, node)

    def _vacate(self, name: str) -> int:
        """Make a node's row a hole; its pods must have left. Return the row."""
        row = self._row_of.pop(name)
        self.active[row] = False
        for port in self._ports.of(row):
            self._ports.set(row, port, False)
        self._fill(row, None)
        self._layout.release(row)
        return row

    def _fill(self, row: int, node: Node | None) -> None:
        """Write everything that the Node object says into the row; None empties it."""
        self.node_journal.append(row)
        self.nodes[row] = node
        self.names[row] = "" if node is None else node.name
        amounts = (
            {} if node is None else resource_list(node.status.capacity if node.status.allocatable is None else node.status.allocatable)
        )
        self.allowed_pods[row] = amounts.pop(PODS, 0)
        vector = self.resource_vector(amounts)
        self.allocatable[:, row] = vector
        self.unschedulable[row] = node is not None and node.spec.unschedulable
        self.taint_set[row] = 0 if node is None else self._taint_code(node.spec.taints)
        self.devices.set_node(row, node)
        for label in self._labels.values():
            label.set(row, node)
        for value in self._node_values.values():
            value.set(row, node)

    def _allocate_row(self, node: Node) -> int:
        return self._layout.allocate(zone_key(node.metadata.labels))

    def _make_room(self) -> None:
        """Grow every column to the layout's capacity."""
        rows = self._layout.capacity
        if rows == self.capacity:
            return
        self.active = grown(self.active, rows)
        self.unschedulable = grown(self.unschedulable, rows)
        self.taint_set = grown(self.taint_set, rows)
        self.allocatable = grown(self.allocatable, rows)
        self.requested = grown(self.requested, rows)
        self.nonzero_requested = grown(self.nonzero_requested, rows)
        self.allowed_pods = grown(self.allowed_pods, rows)
        self.pod_counts = grown(self.pod_counts, rows)
        self._ports.grow(rows)
        self.devices.grow(rows)
        for label in self._labels.values():
            label.grow(rows)
        for value in self._node_values.values():
            value.grow(rows)
        self.nodes.extend([None] * (rows - self.capacity))
        self.names.extend([""] * (rows - self.capacity))
        self.capacity = rows

    def _intern_resource(self, name: str) -> int:
        position = self.resources.intern(name)
        if position >= len(self.allocatable):
            line = np.zeros((1, self.capacity), np.int64)
            self.allocatable = np.concatenate([self.allocatable, line])
            self.requested = np.concatenate([self.requested, line])
        return position

    def _taint_code(self, taints: tuple[Taint, ...]) -> int:
        # When a taint was added does not matter to the scheduler; two nodes cordoned at different times are alike.
        key = tuple(Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in taints)
        if key not in self._taint_codes:
            self._taint_codes[key] = len(self.taint_sets)
            self.taint_sets.append(key)
        return self._taint_codes[key]

    def _label_column(self, key: str) -> LabelColumn:
        column = self._labels.get(key)
        if column is None:
            column = self._labels[key] = LabelColumn(key, self.capacity)
            column.fill(self.nodes)
        return column
