"""Checks a bound on allotted GPU from its document alone. Shares no code with the method; Python integers throughout.

Suppose each pod of a kind pays its price, and the cpu and memory that it takes are paid for at the prices of its node. What is left of
its value is earned by its devices. If no device can earn more than E on a kind of node, then no placement is worth more than all
prices of pods, cpu and memory and E for each device together. Pods that must be placed pay for the cheapest place they have.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

from binpack.errors import CertificateError

_FULL = 1000


@dataclass(frozen=True, slots=True)
class VerifiedBound:
    """What a document proves.

    Parameters
    ----------
    holds : bool
        Whether the stated bound is proven.
    proven_milli : int
        The bound that the prices prove.
    stated_milli : int
    """

    holds: bool
    proven_milli: int
    stated_milli: int


def verify_device_bound(document: dict[str, Any]) -> VerifiedBound:
    """Check a document.

    Raises
    ------
    CertificateError
        If it cannot be read, or its digest is not that of its instance.
    """
    instance = _part(document, "instance", dict)
    encoded = json.dumps(instance, sort_keys=True, separators=(",", ":")).encode()
    if hashlib.sha256(encoded).hexdigest() != document.get("digest"):
        raise CertificateError("digest: not that of the instance")
    pods, nodes = _rows(instance, "pods", 6), _rows(instance, "nodes", 4)
    eligible = _rows(instance, "eligible", len(nodes))
    prices, scale, unit = _part(document, "prices", dict), _part(document, "scale", int), _part(document, "memoryUnit", int)
    if scale < 1 or unit < 1 or len(eligible) != len(pods):
        raise CertificateError("scale, memoryUnit, eligible: accepted: whole numbers from 1, and a row for each kind of pods")
    of_pods, of_cpu, of_memory = (_prices(prices, name, len(to)) for name, to in (("pods", pods), ("cpu", nodes), ("memory", nodes)))
    paid = sum(price * pod[4] for price, pod in zip(of_pods, pods, strict=True) if not pod[5])
    for k, (cpu, memory, devices, count) in enumerate(nodes):
        earned = 0
        by_share: dict[int, int] = {}
        for i, (pod_cpu, pod_memory, milli, wanted, _, must) in enumerate(pods):
            if wanted == 0 or must or not eligible[i][k]:
                continue
            # Rounded so that the pod pays less: then its devices earn more, which is safe.
            left = milli * wanted * scale - of_pods[i] - of_cpu[k] * pod_cpu - of_memory[k] * (pod_memory // unit)
            if milli < _FULL and wanted == 1:
                by_share[milli] = max(by_share.get(milli, 0), left)
            elif milli == _FULL:
                earned = max(earned, -(-left // wanted))
            else:
                raise CertificateError("instance.pods: shares of several devices (accepted: a share of one, or whole devices)")
        earned = max(earned, _fullest(by_share))
        paid += count * (of_cpu[k] * cpu + of_memory[k] * -(-memory // unit) + devices * earned)
    for i, (pod_cpu, pod_memory, _, wanted, count, must) in enumerate(pods):
        if must:
            if wanted:
                raise CertificateError("instance.pods: a pod with devices must be placed (accepted: only pods without)")
            rents = [of_cpu[k] * pod_cpu + of_memory[k] * (pod_memory // unit) for k in range(len(nodes)) if eligible[i][k]]
            if not rents:
                raise CertificateError("instance.pods: a pod that must be placed is eligible nowhere")
            paid -= count * min(rents)
    # What is allotted is a sum of the pods' values, hence a multiple of their common divisor.
    step = max(1, math.gcd(*(milli * wanted for _, _, milli, wanted, _, _ in pods)))
    proven, stated = paid // (scale * step) * step, _part(document, "bound", int)
    return VerifiedBound(proven <= stated, proven, stated)


def _fullest(by_share: dict[int, int]) -> int:
    """The most that shares of one device earn: every multiset of shares up to 1000 milli is covered."""
    earned = [0] * (_FULL + 1)
    for milli in range(1, _FULL + 1):
        earned[milli] = max([earned[milli - 1], *(earned[milli - share] + gain for share, gain in by_share.items() if share <= milli)])
    return earned[_FULL]


def _part(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, kind):
        raise CertificateError(f"{name}: {value!r:.60} (accepted: {kind.__name__})")
    return value


def _rows(instance: dict[str, Any], name: str, width: int) -> list[list[int]]:
    rows = _part(instance, name, list)
    for row in rows:
        if not isinstance(row, list) or len(row) != width or not all(type(value) is int and value >= 0 for value in row):
            raise CertificateError(f"instance.{name}: accepted: rows of {width} integers from 0")
    return rows  # type: ignore[no-any-return]


def _prices(prices: dict[str, Any], name: str, length: int) -> list[int]:
    row = prices.get(name)
    if not isinstance(row, list) or len(row) != length or not all(type(value) is int and value >= 0 for value in row):
        raise CertificateError(f"prices.{name}: accepted: {length} integers from 0")
    return row
