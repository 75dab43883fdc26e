"""Pods that are nominated to a node: they hold their place there against pods of no higher priority until they are bound.

Source: pkg/scheduler/backend/queue/nominator.go, v1.35.
"""

from __future__ import annotations

from binpack.model.pod import Pod


class Nominator:
    """Which pod is nominated to which node; a nomination may be here before the API knows of it."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, Pod]] = {}
        self._node_of: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._node_of)

    def node_of(self, key: str) -> str | None:
        """Return the node that a pod (`namespace/name`) is nominated to; None if to none."""
        return self._node_of.get(key)

    def pods_for(self, node_name: str) -> list[Pod]:
        """Return the pods nominated to a node, in the order in which they were."""
        return list(self._pods.get(node_name, {}).values())

    def by_node(self) -> dict[str, list[Pod]]:
        """Return all nominated pods by node, for a scheduling cycle to honour."""
        return {node_name: list(pods.values()) for node_name, pods in self._pods.items()}

    def add(self, pod: Pod, node_name: str | None = None) -> None:
        """Nominate a pod anew.

        Parameters
        ----------
        pod : Pod
        node_name : str, optional
            The node; "" takes the nomination away. By default the pod's own `status.nominatedNodeName` counts.
        """
        self.remove(pod.key)
        chosen = pod.status.nominated_node_name if node_name is None else node_name
        if chosen:
            self._pods.setdefault(chosen, {})[pod.key] = pod
            self._node_of[pod.key] = chosen

    def update(self, before: Pod, after: Pod) -> None:
        """Follow an update. One that neither had nor has a name keeps what is nominated here and not yet in the API."""
        silent = not before.status.nominated_node_name and not after.status.nominated_node_name
        self.add(after, self.node_of(before.key) if silent else None)

    def remove(self, key: str) -> None:
        """Drop a pod's nomination: it is assumed on a node, bound, or gone."""
        node_name = self._node_of.pop(key, None)
        if node_name is not None:
            pods = self._pods[node_name]
            del pods[key]
            if not pods:
                del self._pods[node_name]

    def copy(self) -> Nominator:
        """Return an independent copy; the pods in it are values and shared."""
        twin = Nominator()
        twin._pods = {node_name: dict(pods) for node_name, pods in self._pods.items()}
        twin._node_of = dict(self._node_of)
        return twin
