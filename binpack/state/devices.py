"""Device columns: what is free on every device of every row, which pod holds what, and how many pods of each kind a row has.

The ledger is by pod. A pod that leaves its node (with it, or in a fork) and comes back holds the devices that it held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.model.devices import MILLI_PER_DEVICE, DeviceRequest, device_count, device_index, device_model, device_request
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.state.columns import ABSENT, grown


@dataclass(frozen=True, slots=True)
class Held:
    """What a pod holds.

    Parameters
    ----------
    request : DeviceRequest
    devices : tuple[int, ...]
        Indices on its node.
    """

    request: DeviceRequest
    devices: tuple[int, ...]


class Devices:
    """The devices of all rows.

    Attributes
    ----------
    free : NDArray[np.int32]
        Shape [devices, rows]: milli free on each; 0 where a row has no such device. Below 0 where placed pods claim more than there is.
    counts : NDArray[np.int32]
        Shape [rows]: how many devices a row has.
    model : NDArray[np.int32]
        Shape [rows]: index into `models`, -1 without devices.
    models : list[str]
    pods : NDArray[np.int32]
        Shape [kinds, rows]: pods that hold devices, by `DeviceRequest.kind`.
    ledger : dict[str, Held]
        By `namespace/name`: what Reserve allotted. Pods that came with an annotation are not in it.
    """

    def __init__(self) -> None:
        self.free: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self.counts: NDArray[np.int32] = np.zeros(0, np.int32)
        self.model: NDArray[np.int32] = np.zeros(0, np.int32)
        self.models: list[str] = []
        self.pods: NDArray[np.int32] = np.zeros((1, 0), np.int32)
        self.ledger: dict[str, Held] = {}
        self._held: dict[str, Held] = {}
        self._used: NDArray[np.int32] = np.zeros((0, 0), np.int32)

    def held(self, pod_key: str) -> Held | None:
        """Return what a pod on a node holds; None if nothing."""
        return self._held.get(pod_key)

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self.free = grown(self.free, rows)
        self._used = grown(self._used, rows)
        self.counts = grown(self.counts, rows)
        self.model = grown(self.model, rows, ABSENT)
        self.pods = grown(self.pods, rows)

    def set_node(self, row: int, node: Node | None) -> None:
        """Take a row's devices from its node; None empties the row."""
        count = 0 if node is None else device_count(node)
        if count == 0 and self.counts[row] == 0:
            return
        if count > len(self.free):
            more = np.zeros((count - len(self.free), len(self.counts)), np.int32)
            self.free = np.concatenate([self.free, more])
            self._used = np.concatenate([self._used, more])
        self.counts[row] = count
        self.model[row] = ABSENT if node is None or count == 0 else self._model_code(device_model(node))
        self.free[:, row] = np.where(np.arange(len(self.free)) < count, MILLI_PER_DEVICE, 0) - self._used[:, row]

    def occupy(self, pod: Pod, row: int) -> None:
        """Let a pod that comes to a row hold what the ledger, else its annotation, says. Devices that the row lacks do not count."""
        held = self.ledger.get(pod.key)
        if held is None:
            held = _annotated(pod)
        if held is not None:
            self._hold(pod.key, held, row)

    def release(self, pod_key: str, row: int) -> None:
        """Take back what a pod that leaves a row holds. The ledger remembers it."""
        held = self._held.pop(pod_key, None)
        if held is not None:
            self._add(held, row, -1)

    def _hold(self, pod_key: str, held: Held, row: int) -> None:
        there = tuple(device for device in held.devices if device < self.counts[row])
        if there:
            self._held[pod_key] = Held(held.request, there)
            self._add(self._held[pod_key], row, 1)

    def _add(self, held: Held, row: int, sign: int) -> None:
        for device in held.devices:
            self.free[device, row] -= sign * held.request.milli
            self._used[device, row] += sign * held.request.milli
        kind = held.request.kind
        if kind >= len(self.pods):
            self.pods = np.concatenate([self.pods, np.zeros((kind + 1 - len(self.pods), len(self.counts)), np.int32)])
        self.pods[kind, row] += sign

    def _model_code(self, model: str) -> int:
        if model not in self.models:
            self.models.append(model)
        return self.models.index(model)


def _annotated(pod: Pod) -> Held | None:
    devices = device_index(pod)
    if not devices:
        return None
    try:
        request = device_request(pod)
    except SchedulingError:
        # What the device plugin could not read either holds nothing.
        return None
    return None if request is None else Held(request, devices)
