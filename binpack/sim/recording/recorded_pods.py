"""What a recorded cluster made of each pod: where it ran, since when, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from binpack.control.node.workload_model import DURATION, EXIT_CODE, STOP_DURATION
from binpack.sim.recording.history import Key, owner_key, part
from binpack.sim.recording.instances import Instance, binding, ended_us, own_end
from binpack.units import US_PER_S


@dataclass(frozen=True, slots=True)
class RecordedPod:
    """What a recorded cluster made of a pod. Times in microseconds since the recording's start.

    Parameters
    ----------
    namespace, name : str
    owner_kind, owner : str
        The workload that it belongs to, at the top: a Deployment, not its ReplicaSet. Empty for a bare pod.
    created_us : int
    node : str or None
    bound_us : int or None
    ended_us : int or None
        When it had ended or was gone.
    was_bound : bool
        It had its node before the recording began.
    """

    namespace: str
    name: str
    owner_kind: str
    owner: str
    created_us: int
    node: str | None
    bound_us: int | None
    ended_us: int | None
    was_bound: bool


def recorded_pod(pod: Instance, by_key: Mapping[Key, Instance]) -> RecordedPod:
    """Say what became of a pod; the other instances tell to which workload its owner belongs."""
    bound, owner = binding(pod), owner_key(pod.first)
    is_of_set = owner is not None and owner.kind == "ReplicaSet"
    above = owner_key(by_key[owner].first) if owner is not None and is_of_set and owner in by_key else None
    top = owner if above is None else above
    if owner is not None and is_of_set and above is None:
        # Its ReplicaSet was not recorded; what a Deployment makes is called after it.
        hashed = part(pod.first, "metadata", "labels").get("pod-template-hash")
        top = Key("Deployment", owner.namespace, owner.name.removesuffix(f"-{hashed}")) if hashed else owner
    return RecordedPod(
        namespace=pod.key.namespace,
        name=pod.key.name,
        owner_kind="" if top is None else top.kind,
        owner="" if top is None else top.name,
        created_us=pod.created_us,
        node=None if bound is None else bound[0],
        bound_us=None if bound is None else bound[1],
        ended_us=ended_us(pod),
        was_bound=pod.is_initial and bool(part(pod.first, "spec").get("nodeName")),
    )


def run_annotations(pod: Instance) -> dict[str, str]:
    """Say how long a pod ran and how long it took to stop."""
    ran = own_end(pod)
    annotations = {} if ran is None else run_time_annotations(*ran)
    if pod.asked_us is not None and pod.removed_us is not None and pod.removed_us > pod.asked_us:
        annotations[STOP_DURATION] = f"{max(pod.removed_us - pod.asked_us - US_PER_S, 0)}us"
    return annotations


def run_time_annotations(duration_us: int, exit_code: int) -> dict[str, str]:
    """Say how long containers run, and with which code they exit."""
    return {DURATION: f"{duration_us}us"} | ({EXIT_CODE: str(exit_code)} if exit_code else {})
