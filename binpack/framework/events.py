"""Cluster events, and which of them may make a rejected pod schedulable.

Source: pkg/scheduler/framework/events.go and kube-scheduler framework/types.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import Any

from binpack.model.base import Value
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster


class Resource(StrEnum):
    """What kind of object an event is about. A bound pod and a waiting one are told apart; `POD` registers for both."""

    POD = "Pod"
    ASSIGNED_POD = "AssignedPod"
    UNSCHEDULED_POD = "UnscheduledPod"
    NODE = "Node"
    PERSISTENT_VOLUME = "PersistentVolume"
    PERSISTENT_VOLUME_CLAIM = "PersistentVolumeClaim"
    STORAGE_CLASS = "StorageClass"
    CSI_NODE = "CSINode"
    CSI_DRIVER = "CSIDriver"
    CSI_STORAGE_CAPACITY = "CSIStorageCapacity"
    VOLUME_ATTACHMENT = "VolumeAttachment"
    RESOURCE_CLAIM = "ResourceClaim"
    RESOURCE_SLICE = "ResourceSlice"
    DEVICE_CLASS = "DeviceClass"
    WILDCARD = "*"


class Action(IntFlag):
    """What happened; the bits are kube-scheduler's, for events are matched by comparing them as integers."""

    ADD = 1
    DELETE = 2
    UPDATE_NODE_ALLOCATABLE = 4
    UPDATE_NODE_LABEL = 8
    UPDATE_NODE_TAINT = 16
    UPDATE_NODE_CONDITION = 32
    UPDATE_NODE_ANNOTATION = 64
    UPDATE_NODE_DECLARED_FEATURE = 128
    UPDATE_POD_LABEL = 256
    UPDATE_POD_SCALE_DOWN = 512
    UPDATE_POD_TOLERATION = 1024
    UPDATE_POD_SCHEDULING_GATES_ELIMINATED = 2048
    UPDATE_POD_GENERATED_RESOURCE_CLAIM = 4096
    UPDATE = 8188


class ClusterEvent(Value, frozen=True):
    """Something that happened to one object.

    Parameters
    ----------
    resource : Resource
    action : Action
    before, after : Any, optional
        The object before and after; None where it did not exist.
    """

    resource: Resource
    action: Action
    before: Any = None
    after: Any = None


Hint = Callable[[Pod, ClusterEvent, Cluster], bool]
"""Given the waiting pod, the event, and the cluster after it: may the pod be schedulable now?"""


@dataclass(frozen=True, slots=True)
class EventHint:
    """An event that a plugin registers for; without a hint function every such event wakes the pods that it rejected."""

    resource: Resource
    action: Action
    hint: Hint | None = None
