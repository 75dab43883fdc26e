"""The life of each recorded object: an object that is made anew under an old name is another one."""

from __future__ import annotations

from dataclasses import dataclass, field

from binpack.model.pod import MIRROR_ANNOTATION
from binpack.sim.recording.history import History, Key, Plain, condition, key_of, part, parts, time_in
from binpack.units import US_PER_S

_ENDED = ("Succeeded", "Failed")


@dataclass(slots=True)
class Instance:
    """One object from its creation to its end. Times are microseconds since the recording's start.

    Parameters
    ----------
    key : Key
    place : str
        Where it was first seen.
    is_initial : bool
        There at the start.
    versions : list of (time, object)
        As it was first, and after each change.
    asked_us : int or None
        When its deletion was asked for.
    removed_us : int or None
        When it was gone.
    """

    key: Key
    place: str
    is_initial: bool
    versions: list[tuple[int, Plain]] = field(default_factory=list)
    asked_us: int | None = None
    removed_us: int | None = None

    @property
    def first(self) -> Plain:
        """How it was first seen."""
        return self.versions[0][1]

    @property
    def last(self) -> Plain:
        """How it was last seen."""
        return self.versions[-1][1]

    @property
    def created_us(self) -> int:
        """When it was first seen."""
        return self.versions[0][0]


def instances_of(history: History) -> list[Instance]:
    """Follow each object; the order is that of their first sight."""
    every: list[Instance] = []
    present: dict[Key, Instance] = {}
    for place, value in history.initial:
        instance = Instance(key_of(value), place, is_initial=True)
        _see(instance, value, 0)
        every.append(instance)
        present[instance.key] = instance
    for write in history.writes:
        key, time_us = key_of(write.object), write.time_us - history.start_us
        known = present.get(key)
        if known is not None and _uid(known.last) != _uid(write.object):
            # Its predecessor's removal was missed.
            known.removed_us = known.removed_us if known.removed_us is not None else time_us
            known = None
        if write.what == "DELETED":
            if known is not None:
                _see(known, write.object, time_us)
                known.asked_us = time_us if known.asked_us is None else known.asked_us
                known.removed_us = time_us
                present.pop(key, None)
            continue
        if known is None:
            known = Instance(key, write.place, is_initial=False)
            every.append(known)
            present[key] = known
        _see(known, write.object, time_us)
    return every


def _see(instance: Instance, value: Plain, time_us: int) -> None:
    instance.versions.append((time_us, value))
    if instance.asked_us is None and part(value, "metadata").get("deletionTimestamp") is not None:
        instance.asked_us = time_us


def _uid(value: Plain) -> object:
    return part(value, "metadata").get("uid")


# Pods


def is_mirror(value: Plain) -> bool:
    """Tell whether a pod is the mirror of one that a kubelet runs from a file of its own."""
    return MIRROR_ANNOTATION in part(value, "metadata", "annotations")


def binding(pod: Instance) -> tuple[str, int] | None:
    """Return the node that a pod was bound to, and when; None if it never was."""
    for time_us, value in pod.versions:
        name = part(value, "spec").get("nodeName")
        if name:
            return str(name), time_us
    return None


def ended_us(pod: Instance) -> int | None:
    """Return when a pod had ended or was gone, whichever came first; None if it was there at the end."""
    for time_us, value in pod.versions:
        if part(value, "status").get("phase") in _ENDED:
            return time_us
    return pod.removed_us


def own_end(pod: Instance) -> tuple[int, int] | None:
    """Return how long a pod's main containers ran until they exited by themselves, in microseconds, and the worst exit code.

    None if they did not, as far as the recording shows: the pod ran on, was deleted, or was evicted.
    """
    for _, value in pod.versions:
        if part(value, "metadata").get("deletionTimestamp") is not None or condition(value, "DisruptionTarget").get("status") == "True":
            return None
        if part(value, "status").get("phase") not in _ENDED:
            continue
        runs, codes = [0], [0]
        for number, one in enumerate(parts(value, "status", "containerStatuses")):
            ended = part(one, "state", "terminated")
            field_name = f"object.status.containerStatuses[{number}].state.terminated"
            if ended.get("startedAt") and ended.get("finishedAt"):
                begin, end = (time_in(ended[name], pod.place, f"{field_name}.{name}") for name in ("startedAt", "finishedAt"))
                runs.append(end - begin)
                codes.append(int(ended.get("exitCode") or 0))
        # The API's times are whole seconds: a run of less than one is written as none.
        return max(max(runs), US_PER_S), max(codes)
    return None


# Nodes


def outages(node: Instance) -> list[tuple[int, int | None, bool]]:
    """Return when a node fell silent and when it was heard of again (None: not any more), and whether it had started anew by then."""
    found: list[tuple[int, int | None, bool]] = []
    down_us: int | None = None
    boot = None
    for time_us, value in node.versions:
        status = condition(value, "Ready").get("status")
        if status == "Unknown" and down_us is None:
            down_us = time_us
        elif status != "Unknown":
            booted = part(value, "status", "nodeInfo").get("bootID")
            if down_us is not None:
                found.append((down_us, time_us, booted != boot))
                down_us = None
            boot = booted
    if down_us is not None:
        found.append((down_us, None, True))
    return found
