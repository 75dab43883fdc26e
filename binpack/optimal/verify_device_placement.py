"""Checks a placement of pods with devices from its document alone. Shares no code with the method; Python integers throughout."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from binpack.errors import CertificateError

_FULL = 1000


def verify_device_placement(document: dict[str, Any]) -> int:
    """Return what a placement allots, in milli.

    Raises
    ------
    CertificateError
        If the document cannot be read, its digest is not that of its instance, it says that more is allotted than is, or a node, a
        device, a pod or a filter rules the placement out.
    """
    try:
        return _checked(document)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise CertificateError(f"placement: cannot be read: {error} (accepted: a document of schema binpack/device-placement)") from None


def _checked(document: dict[str, Any]) -> int:
    instance = document["instance"]
    if hashlib.sha256(json.dumps(instance, sort_keys=True, separators=(",", ":")).encode()).hexdigest() != document["digest"]:
        raise CertificateError("digest: not that of the instance")
    pods, nodes, eligible = instance["pods"], instance["nodes"], instance["eligible"]
    placed, used, allotted = [0] * len(pods), [0] * len(nodes), 0
    for number, (kind, count, held) in enumerate(document["loads"]):
        if min(kind, count, *(pod for pod, _ in held), *(device for _, devices in held for device in devices)) < 0:
            raise CertificateError(f"loads[{number}]: accepted: whole numbers from 0")
        used[kind] += count
        _check_load(pods, nodes[kind], held, f"loads[{number}]")
        for pod, _ in held:
            if not eligible[pod][kind]:
                raise CertificateError(f"loads[{number}]: pod kind {pod} is not eligible on node kind {kind}")
            placed[pod] += count
            allotted += count * pods[pod][2] * pods[pod][3]
    for kind, count in enumerate(used):
        if count > nodes[kind][3]:
            raise CertificateError(f"loads: {count} nodes of kind {kind} (accepted: up to {nodes[kind][3]})")
    for pod, (*_, count, must) in enumerate(pods):
        if placed[pod] > count or (must and placed[pod] != count):
            raise CertificateError(f"loads: {placed[pod]} pods of kind {pod} (accepted: {'' if must else 'up to '}{count})")
    if document["milli"] != allotted:
        raise CertificateError(f"milli: {document['milli']} (accepted: {allotted}, what is allotted)")
    return allotted


def _check_load(pods: list[list[int]], node: list[int], held: list[Any], where: str) -> None:
    """Check what one node holds: cpu, memory, and each of its devices."""
    cpu, memory, count, _ = node
    for name, column, most in (("cpu", 0, cpu), ("memory", 1, memory)):
        taken = sum(pods[pod][column] for pod, _ in held)
        if taken > most:
            raise CertificateError(f"{where}: {name} {taken} (accepted: up to {most})")
    milli = [0] * count
    for pod, devices in held:
        if len(set(devices)) != len(devices) or len(devices) != pods[pod][3]:
            raise CertificateError(f"{where}: pod kind {pod} on devices {devices} (accepted: {pods[pod][3]} distinct ones)")
        for device in devices:
            milli[device] += pods[pod][2]
    if any(taken > _FULL for taken in milli):
        raise CertificateError(f"{where}: devices with {milli} milli (accepted: up to {_FULL} each)")
