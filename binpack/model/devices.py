"""GPU devices and shares of them, as GPU-share device plugins write them: annotations on pods, capacity and labels on nodes.

Kubernetes counts extended resources in sums; a sum cannot say that a pod's half has to come out of one device. These annotations can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from binpack.errors import SchedulingError
from binpack.model.node import Node
from binpack.model.pod import Pod

GPU_MILLI = "alibabacloud.com/gpu-milli"
GPU_COUNT = "alibabacloud.com/gpu-count"
GPU_INDEX = "alibabacloud.com/gpu-index"
GPU_CARD_MODEL = "alibabacloud.com/gpu-card-model"

MILLI_PER_DEVICE = 1000
MAX_DEVICES = 64
"""Of one node."""

SHARE = 0
"""The kind of a pod that takes part of a device; any other kind is the number of whole devices."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a pod wants of devices.

    Parameters
    ----------
    milli : int
        1 to 1000, of each of its devices.
    count : int
        Distinct devices.
    models : tuple[str, ...]
        Accepted device models; none: any.
    """

    milli: int
    count: int = 1
    models: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Milli over all its devices."""
        return self.milli * self.count

    @property
    def kind(self) -> int:
        """`SHARE`, or the number of whole devices."""
        return self.count if self.milli == MILLI_PER_DEVICE else SHARE


def device_key(pod: Pod) -> tuple[str | None, ...] | None:
    """Return what a pod's annotations say about devices, where they say something: equal keys, equal requests."""
    annotations = pod.metadata.annotations
    if GPU_MILLI not in annotations and GPU_COUNT not in annotations:
        return None
    return annotations.get(GPU_MILLI), annotations.get(GPU_COUNT), annotations.get(GPU_CARD_MODEL)


def device_request(pod: Pod) -> DeviceRequest | None:
    """Read what a pod wants of devices; None if it wants none.

    `gpu-milli` alone means one device, `gpu-count` alone means whole devices.

    Raises
    ------
    SchedulingError
        If an annotation is no number or out of range.
    """
    annotations = pod.metadata.annotations
    if device_key(pod) is None:
        return None
    count = _number(pod, GPU_COUNT, annotations.get(GPU_COUNT, "1"), MAX_DEVICES)
    milli = _number(pod, GPU_MILLI, annotations.get(GPU_MILLI, str(MILLI_PER_DEVICE)), MILLI_PER_DEVICE)
    if count == 0 or milli == 0:
        return None
    return DeviceRequest(milli, count, _models(annotations))


def device_index(pod: Pod) -> tuple[int, ...]:
    """Return the devices that a placed pod holds according to its annotation (`0-3`); none where it has none or it cannot be read."""
    text = pod.metadata.annotations.get(GPU_INDEX, "")
    parts = text.replace(",", "-").split("-") if text else []
    if not all(part.isascii() and part.isdecimal() and int(part) < MAX_DEVICES for part in parts):
        return ()
    return tuple(dict.fromkeys(int(part) for part in parts))


def index_text(devices: tuple[int, ...]) -> str:
    """Write devices as the annotation `gpu-index` does."""
    return "-".join(map(str, devices))


def device_count(node: Node) -> int:
    """Return how many devices a node has: allocatable, else capacity, else its annotation."""
    status = node.status
    for amounts in (status.allocatable, status.capacity):
        if amounts is not None and GPU_COUNT in amounts:
            return min(max(amounts[GPU_COUNT].ceil_units(), 0), MAX_DEVICES)
    text = node.metadata.annotations.get(GPU_COUNT, "")
    return min(int(text), MAX_DEVICES) if text.isascii() and text.isdecimal() else 0


def device_model(node: Node) -> str:
    """Return the model of a node's devices, by label or annotation; empty if it has none."""
    return node.metadata.labels.get(GPU_CARD_MODEL) or node.metadata.annotations.get(GPU_CARD_MODEL, "")


def _models(annotations: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in annotations.get(GPU_CARD_MODEL, "").split("|") if part))


def _number(pod: Pod, key: str, text: str, most: int) -> int:
    if text.isascii() and text.isdecimal() and int(text) <= most:
        return int(text)
    raise SchedulingError(f'pod "{pod.key}", annotation {key}: "{text}" (accepted: a whole number from 0 to {most})')
