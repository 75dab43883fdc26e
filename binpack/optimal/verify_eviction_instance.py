"""The instance of a certificate of evictions, read by the checker: integers, each of the size and sign that it must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verify_instance import whole


@dataclass(frozen=True)
class EvictionClass:
    """Pods that are alike: their priority, what each gives back of every resource, and the budgets that it is charged to."""

    priority: int
    gives: tuple[int, ...]
    budgets: tuple[int, ...]


@dataclass(frozen=True)
class EvictionNode:
    """Nodes that are alike: how many, what is free, and the pods of lower priority as (class, pods, pods that have to go)."""

    count: int
    free: tuple[int, ...]
    pods: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class EvictionInstance:
    """The question in integers.

    Attributes
    ----------
    need : tuple[int, ...]
        What the pod asks for of each resource.
    classes : tuple[EvictionClass, ...]
    budgets : tuple[int, ...]
        How many more evictions each allows.
    nodes : tuple[EvictionNode, ...]
    """

    need: tuple[int, ...]
    classes: tuple[EvictionClass, ...]
    budgets: tuple[int, ...]
    nodes: tuple[EvictionNode, ...]


def read_eviction_instance(raw: Any) -> EvictionInstance:
    """Read the instance and check that every part has the size and sign it must have.

    Raises
    ------
    CertificateError
        Names the part that has not.
    """
    if not isinstance(raw, dict):
        raise CertificateError("instance: missing (accepted: an object with need, classes, budgets and nodes)")
    need, budgets = raw.get("need"), raw.get("budgets")
    if not isinstance(need, list) or not whole(need, 0) or not isinstance(budgets, list) or not whole(budgets, 0):
        raise CertificateError("instance: need, budgets: accepted: lists of integers >= 0")
    classes = []
    for number, one in enumerate(_objects(raw, "classes")):
        gives, charged, priority = one.get("gives"), one.get("budgets"), one.get("priority")
        if not (isinstance(gives, list) and len(gives) == len(need) and whole(gives, 0) and is_integer(priority)):
            raise CertificateError(f"instance.classes[{number}]: accepted: an integer priority, and gives with {len(need)} integers >= 0")
        if not (isinstance(charged, list) and whole(charged, 0) and all(budget < len(budgets) for budget in charged)):
            raise CertificateError(f"instance.classes[{number}].budgets: {charged!r} (accepted: numbers of the {len(budgets)} budgets)")
        classes.append(EvictionClass(int(priority or 0), tuple(gives), tuple(charged)))
    nodes = []
    for number, one in enumerate(_objects(raw, "nodes")):
        free, pods = one.get("free"), one.get("pods")
        if not (isinstance(free, list) and len(free) == len(need) and all(map(is_integer, free)) and whole([one.get("count")], 1)):
            raise CertificateError(f"instance.nodes[{number}]: accepted: count >= 1, and free with {len(need)} integers")
        if not isinstance(pods, list) or not all(isinstance(item, list) and len(item) == 3 and whole(item, 0) for item in pods):
            raise CertificateError(f"instance.nodes[{number}].pods: accepted: a list of [class, pods, pods that have to go]")
        if any(item[0] >= len(classes) or item[2] > item[1] for item in pods) or len({item[0] for item in pods}) != len(pods):
            raise CertificateError(f"instance.nodes[{number}].pods: names a class that there is not, or twice, or more than there are")
        nodes.append(EvictionNode(one["count"], tuple(free), tuple((item[0], item[1], item[2]) for item in pods)))
    return EvictionInstance(tuple(need), tuple(classes), tuple(budgets), tuple(nodes))


def is_integer(value: Any) -> bool:
    """Whether a value is an integer of any sign; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _objects(raw: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = raw.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise CertificateError(f"instance.{name}: accepted: a list of objects")
    return value
