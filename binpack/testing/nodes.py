"""A builder of nodes: `node("n1").cpu("4").memory("16Gi").zone("a").taint("gpu", "true").build()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from binpack.model.base import replace
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.node import ContainerImage, Node, NodeStatus, Taint
from binpack.testing.values import HOSTNAME, INSTANCE_TYPE, NO_SCHEDULE, REGION, ZONE, Amount, Effect, moment, quantities_of, quantity


@dataclass(frozen=True)
class NodeBuilder:
    """A node under construction. Each method returns a new builder, so that a half-built node can be shared by many cases.

    Parameters
    ----------
    draft : Node
        The node as built so far.
    """

    draft: Node

    def build(self) -> Node:
        """Return the node."""
        return self.draft

    def cpu(self, amount: Amount) -> Self:
        """Set the cores, in capacity and allocatable."""
        return self.resource("cpu", amount)

    def memory(self, amount: Amount) -> Self:
        """Set the memory, in capacity and allocatable."""
        return self.resource("memory", amount)

    def pods(self, amount: Amount) -> Self:
        """Set how many pods the node takes."""
        return self.resource("pods", amount)

    def resource(self, name: str, amount: Amount) -> Self:
        """Set any resource, in capacity and allocatable."""
        status = self.draft.status
        value = {name: quantity(amount)}
        return self._status(capacity=status.capacity | value, allocatable=(status.allocatable or {}) | value)

    def allocatable(self, amounts: Mapping[str, Amount] | None = None, **named: Amount) -> Self:
        """Set what pods may use, and leave the capacity as it is."""
        return self._status(allocatable=(self.draft.status.allocatable or {}) | quantities_of(amounts, **named))

    def without_resources(self) -> Self:
        """Drop the default capacity and allocatable."""
        return self._status(capacity={}, allocatable={})

    def label(self, labels: Mapping[str, str] | None = None, **named: str) -> Self:
        """Add labels; those whose key is no Python name go into the mapping."""
        return self._meta(labels=self.draft.metadata.labels | dict(labels or {}) | named)

    def without_labels(self) -> Self:
        """Drop all labels, the host name's included."""
        return self._meta(labels={})

    def zone(self, name: str) -> Self:
        """Set the label `topology.kubernetes.io/zone`."""
        return self.label({ZONE: name})

    def region(self, name: str) -> Self:
        """Set the label `topology.kubernetes.io/region`."""
        return self.label({REGION: name})

    def instance_type(self, name: str) -> Self:
        """Set the label `node.kubernetes.io/instance-type`."""
        return self.label({INSTANCE_TYPE: name})

    def annotate(self, annotations: Mapping[str, str]) -> Self:
        """Add annotations."""
        return self._meta(annotations=self.draft.metadata.annotations | dict(annotations))

    def created(self, at: datetime | float) -> Self:
        """Set the creation time: a moment, or seconds since 2026-01-01."""
        return self._meta(creation_timestamp=moment(at))

    def taint(self, key: str, value: str = "", *, effect: Effect = NO_SCHEDULE) -> Self:
        """Add a taint."""
        return self.with_taints(Taint(key=key, value=value, effect=effect))

    def with_taints(self, *taints: Taint) -> Self:
        """Add taints that are built already."""
        return self._spec(taints=(*self.draft.spec.taints, *taints))

    def cordon(self) -> Self:
        """Mark the node unschedulable, as `kubectl cordon` does before the controller adds the taint."""
        return self._spec(unschedulable=True)

    def image(self, *names: str, size: Amount = "100Mi") -> Self:
        """Add an image that the node holds, under all its names."""
        image = ContainerImage(names=names, size_bytes=quantity(size).ceil_units())
        return self._status(images=(*self.draft.status.images, image))

    def condition(self, kind: str, status: str, *, reason: str = "") -> Self:
        """Set one condition, in place of the former one of that type."""
        others = tuple(c for c in self.draft.status.conditions if c.type != kind)
        return self._status(conditions=(*others, Condition(type=kind, status=status, reason=reason)))

    def ready(self) -> Self:
        """Set the condition Ready to True."""
        return self.condition("Ready", "True", reason="KubeletReady")

    def not_ready(self) -> Self:
        """Set the condition Ready to False."""
        return self.condition("Ready", "False", reason="KubeletNotReady")

    def _meta(self, **changes: Any) -> Self:
        return type(self)(replace(self.draft, metadata=replace(self.draft.metadata, **changes)))

    def _spec(self, **changes: Any) -> Self:
        return type(self)(replace(self.draft, spec=replace(self.draft.spec, **changes)))

    def _status(self, **changes: Any) -> Self:
        return type(self)(replace(self.draft, status=replace(self.draft.status, **changes)))


def node(name: str = "node") -> NodeBuilder:
    """Start a node with 4 cores, 16 GiB, room for 110 pods and its host name as label.

    Examples
    --------
    >>> node("n1").cpu("500m").zone("a").build().status.allocatable["cpu"]
    Quantity('500m')
    """
    amounts = quantities_of(None, cpu="4", memory="16Gi", pods="110")
    return NodeBuilder(
        Node(metadata=ObjectMeta(name=name, labels={HOSTNAME: name}), status=NodeStatus(capacity=amounts, allocatable=dict(amounts)))
    )
