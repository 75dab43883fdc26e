"""Do the amounts of a certificate, of which most is to be allocated, come from the pods of a dump? Added up anew from the objects.

The bound of such a certificate is one on what its instance counts. So each value has to be what the pods ask for, running pods have to be
placed, and the base has to be what all others hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from binpack.errors import CertificateError
from binpack.model.pod import Pod
from binpack.model.requests import PODS, fit_requests, placed_requests


def amount_problems(document: Mapping[str, Any], members: Sequence[Sequence[str]], pods: Mapping[str, Pod]) -> list[str]:
    """Say where tiers, values and base are not what the pods ask for.

    Parameters
    ----------
    document : mapping
        A certificate of the goal `resource`, whose integers could be read.
    members : sequence of sequences of str
        The pods of each class, `namespace/name`.
    pods : mapping from key to Pod
        All that have not ended.

    Raises
    ------
    CertificateError
        If it does not say which resource it is about.
    """
    resource = document.get("resource")
    if not isinstance(resource, str):
        raise CertificateError(f"resource: {resource!r} (accepted: the name of the resource of which most is allocated)")
    instance = document["instance"]
    problems: list[str] = []
    values = instance.get("value", [1] * len(members))
    base = 0
    for number, keys in enumerate(members):
        must, amounts = instance["mustPlace"][number], {_asked(pods[key], resource) for key in keys}
        if len(amounts) != 1:
            problems.append(f"members.pods[{number}]: pods that ask for {sorted(amounts)} of {resource} in one class")
            continue
        amount = amounts.pop()
        running = next((key for key in keys if pods[key].spec.node_name), None)
        if running is not None and not must:
            problems.append(f"instance.mustPlace[{number}]: pod {running} runs, and is no choice")
        expected = (0 if amount else 1), (amount if amount and not must else 1)
        if (instance["tier"][number], values[number]) != expected:
            stated = f"tier {instance['tier'][number]} and value {values[number]}"
            problems.append(f"instance.value[{number}]: {stated}, pod {keys[0]} asks for {amount} of {resource}")
        base += amount * len(keys) if must else 0
    inside = {key for keys in members for key in keys}
    base += sum(_held(pod, resource) for key, pod in pods.items() if key not in inside and pod.spec.node_name)
    if base != instance.get("base", 0):
        problems.append(f"instance.base: {instance.get('base', 0)} of {resource}, pods that stay or must be placed hold {base}")
    return problems


def _asked(pod: Pod, resource: str) -> int:
    return 1 if resource == PODS else fit_requests(pod).get(resource, 0)


def _held(pod: Pod, resource: str) -> int:
    return 1 if resource == PODS else placed_requests(pod).get(resource, 0)
