"""GpuShare: a pod that asks for GPU devices by annotation needs a node with that model and enough on enough devices.

Extended resources only know sums: four devices with 300 milli left each would take a pod that needs one whole device. This plugin looks
at the devices, and allots them when a node is chosen. Annotations: `docs/reference/devices.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.interface import SKIP, Allocation, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable, unschedulable
from binpack.model.devices import DeviceRequest, device_request
from binpack.model.pod import Pod
from binpack.plugins.device_rules import NO_DEVICES, allot, best_fit, fits
from binpack.plugins.node_resources_fit_hints import freed_its_place
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

OTHER_MODEL = np.uint32(1)
TOO_FEW_DEVICES = np.uint32(2)
TOO_FULL = np.uint32(3)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a pod asks of devices.

    Parameters
    ----------
    request : DeviceRequest
    accepted : NDArray[np.bool_]
        By model code, shape [models + 1]; the last entry is for rows without devices.
    """

    request: DeviceRequest
    accepted: NDArray[np.bool_]


class GpuShare:
    """Filters by model and by what is free on each device; allots by best fit what no other plugin has allotted before."""

    name: ClassVar[str] = "GpuShare"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.RESERVE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("devices",)
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.POD, Action.DELETE, freed_its_place),
        EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_ALLOCATABLE | Action.UPDATE_NODE_LABEL | Action.UPDATE_NODE_ANNOTATION),
    )

    def prepare(self, pod: Pod, cluster: Cluster) -> Prepared | Skip:
        """Return what the pod asks for; skip pods that ask for no devices.

        Raises
        ------
        SchedulingError
            If its annotations cannot be read.
        """
        request = device_request(pod)
        if request is None:
            return SKIP
        accepted = [not request.models or model in request.models for model in cluster.devices.models]
        return Prepared(request, np.array([*accepted, False], np.bool_))

    def filter(self, prepared: Prepared, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: `OTHER_MODEL`, `TOO_FEW_DEVICES` (also if it were empty) or `TOO_FULL`; shape [len(rows)]."""
        devices, request = rows.cluster.devices, prepared.request
        codes = np.where(fits(request, rows.take(devices.free)), np.uint32(0), TOO_FULL)
        counts = rows.take(devices.counts)
        codes[counts < request.count] = TOO_FEW_DEVICES
        if request.models:
            codes[(counts > 0) & ~prepared.accepted[rows.take(devices.model)]] = OTHER_MODEL
        return codes

    def status(self, prepared: Prepared, code: int) -> Status:
        """Translate a code into a status with its reason."""
        if code == int(OTHER_MODEL):
            return unresolvable("node(s) had another GPU model")
        return unresolvable(NO_DEVICES) if code == int(TOO_FEW_DEVICES) else unschedulable(NO_DEVICES)

    def reserve(self, pod: Pod, cluster: Cluster, row: int) -> Allocation | Status | None:
        """Allot devices by best fit, if the pod wants some and holds none yet."""
        request = device_request(pod)
        if request is None or cluster.devices.held(pod.key) is not None:
            return None
        return allot(self.name, pod, cluster, request, best_fit(request, cluster.devices.free[:, row]))
