"""kube-scheduler's node order: a tree of zones, read round-robin.

Source: pkg/scheduler/backend/cache/node_tree.go and component-helpers node/topology/helpers.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping

_ZONE_LABELS = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
_REGION_LABELS = ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")


def zone_key(labels: Mapping[str, str]) -> str:
    """Return the zone that a node counts in: region and zone, the deprecated labels preferred where they are present."""
    region = next((labels[key] for key in _REGION_LABELS if key in labels), "")
    zone = next((labels[key] for key in _ZONE_LABELS if key in labels), "")
    return f"{region}:\x00:{zone}" if region or zone else ""


class NodeTree:
    """Zones by first appearance, nodes in a zone by insertion.

    The list is rebuilt only when a node joins or leaves, as upstream: a node whose zone label changes moves in the tree at once and
    in the list later.
    """

    def __init__(self) -> None:
        self._zones: dict[str, dict[str, None]] = {}
        self._zone_of: dict[str, str] = {}
        self._list: list[str] | None = []

    def add(self, name: str, labels: Mapping[str, str]) -> None:
        """Put a new node at the end of its zone."""
        self._insert(name, zone_key(labels))
        self._list = None

    def update(self, name: str, labels: Mapping[str, str]) -> None:
        """Move a node to another zone if its labels now say so."""
        zone = zone_key(labels)
        if zone != self._zone_of[name]:
            self._drop(name)
            self._insert(name, zone)

    def remove(self, name: str) -> None:
        """Take a node out; a zone without nodes is forgotten."""
        self._drop(name)
        self._list = None

    def copy(self) -> NodeTree:
        """Return an equal tree that changes on its own."""
        twin = NodeTree()
        twin._zones = {zone: dict(names) for zone, names in self._zones.items()}
        twin._zone_of = dict(self._zone_of)
        twin._list = self._list
        return twin

    def names(self) -> list[str]:
        """Return all node names: the first of each zone in zone order, then the second of each, and so on."""
        if self._list is None:
            queues = [list(zone) for zone in self._zones.values()]
            longest = max((len(queue) for queue in queues), default=0)
            self._list = [queue[i] for i in range(longest) for queue in queues if i < len(queue)]
        return self._list

    def _insert(self, name: str, zone: str) -> None:
        self._zones.setdefault(zone, {})[name] = None
        self._zone_of[name] = zone

    def _drop(self, name: str) -> None:
        zone = self._zone_of.pop(name)
        del self._zones[zone][name]
        if not self._zones[zone]:
            del self._zones[zone]
