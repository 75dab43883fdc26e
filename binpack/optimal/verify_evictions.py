"""Check the certificate of a set of evictions in plain integers: no numpy, nothing shared with what found the set.

Nothing has to be believed: for each node the cheapest set of pods is found anew whose eviction leaves room for the pod and takes away
whatever cannot be beside it.
"""

from __future__ import annotations

from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verdict import CheckedLevel, Verdict
from binpack.optimal.verify_eviction_instance import EvictionInstance, is_integer, read_eviction_instance
from binpack.optimal.verify_eviction_search import Key, LeastKey, least_key
from binpack.optimal.verify_instance import digest_of, whole

LEVELS = ("broken budgets", "evictions", "sum of priorities")
SUPPORTED_VERSION = 1


def verify_evictions(document: Any, *, step_limit: int = 500_000) -> Verdict:
    """Check a certificate whose schema is `binpack/evictions`.

    Parameters
    ----------
    document : Any
        The parsed JSON document.
    step_limit : int
        Sets to look at; a proof that needs more counts as weaker.

    Raises
    ------
    CertificateError
        If the document is none that can be read.
    """
    if document.get("version") != SUPPORTED_VERSION:
        raise CertificateError(f"version: {document.get('version')!r} is not known (accepted: {SUPPORTED_VERSION})")
    instance = read_eviction_instance(document.get("instance"))
    problems = [] if document.get("digest") == digest_of(document["instance"]) else ["digest: it is not that of the instance"]
    value = None
    if document.get("victims") is not None:
        found, value = _victims(document, instance)
        problems += found
    least = least_key(instance, value, step_limit)
    levels = []
    raw = _levels(document)
    proven = level_bounds(least, value)
    for number, (name, level) in enumerate(zip(LEVELS, raw, strict=True)):
        where = f"levels[{number}] ({name})"
        found_value = None if value is None else value[number]
        bound = level.get("bound")
        stated = None if bound is None else bound.get("value")
        if level.get("value") != found_value:
            problems.append(f"{where}: states the value {level.get('value')!r}, the victims have {found_value}")
        if bound is not None and stated is None and least.key is not None:
            problems.append(f"{where}: states that nothing is possible, the proof gives {proven[number]}")
        if stated is not None and least.key is not None and (proven[number] is None or (proven[number] or 0) < stated):
            problems.append(f"{where}: states the bound {stated}, the proof gives {proven[number]}")
        kind = None if bound is None else "search"
        shown = None if bound is None else proven[number]
        claim = level.get("claimed")
        claimed = None if claim is None else claim.get("value")
        levels.append(CheckedLevel(name, None, None, found_value, stated, shown, bound is not None and least.key is None, kind, claimed))
    problems += _false_titles(document, levels)
    return Verdict(tuple(problems), tuple(levels))


def level_bounds(least: LeastKey, value: Key | None) -> list[int | None]:
    """What is proven about each level, given that those before it have the values stated."""
    if least.key is None:
        return [None, None, None]
    bounds: list[int | None] = []
    for number, bound in enumerate(least.key):
        before = number == 0 or (value is not None and value[:number] == least.key[:number])
        bounds.append(bound if before and (least.exact or number < 2) else None)
    return bounds


def _victims(document: dict[str, Any], instance: EvictionInstance) -> tuple[list[str], Key]:
    """Check that the stated pods make room on the stated node: the most important first, by class."""
    chosen = document["victims"]
    if not isinstance(chosen, list) or not whole(chosen, 0) or any(number >= len(instance.classes) for number in chosen):
        raise CertificateError(f"victims: {chosen!r} (accepted: a list of classes, the most important pod first, or null)")
    number: Any = document.get("node")
    if not whole([number], 0) or number >= len(instance.nodes):
        raise CertificateError(f"node: {number!r} (accepted: one of the {len(instance.nodes)} node classes)")
    node, problems = instance.nodes[number], []
    there = {one: (pods, forced) for one, pods, forced in node.pods}
    for one in sorted(set(chosen)):
        if chosen.count(one) > there.get(one, (0, 0))[0]:
            problems.append(f"victims: {chosen.count(one)} of class {one}, the node has {there.get(one, (0, 0))[0]}")
    for one, (_, forced) in sorted(there.items()):
        if chosen.count(one) < forced:
            problems.append(f"victims: {forced} of class {one} cannot be beside the pod, {chosen.count(one)} go")
    priorities = [instance.classes[one].priority for one in chosen]
    if priorities != sorted(priorities, reverse=True):
        problems.append("victims: not in the order of their priorities")
    for resource, (need, free) in enumerate(zip(instance.need, node.free, strict=True)):
        given = sum(instance.classes[one].gives[resource] for one in chosen)
        if free + given < need:
            problems.append(f"victims: the pod asks for {need} of resource {resource}, {free + given} are free without them")
    left, broken = list(instance.budgets), 0
    for one in chosen:
        beyond = False
        for budget in instance.classes[one].budgets:
            left[budget] -= 1
            beyond |= left[budget] < 0
        broken += beyond
    return problems, (broken, len(chosen), sum(priorities))


def _false_titles(document: dict[str, Any], levels: list[CheckedLevel]) -> list[str]:
    problems = []
    if document.get("status") == "optimal" and not all(level.optimal for level in levels):
        problems.append("status: says optimal, though no proof meets every value")
    if document.get("status") == "infeasible" and not levels[0].infeasible:
        problems.append("status: infeasible, though the proof does not show it")
    kind = "search" if levels[0].kind else None if levels[0].claimed is None else "claimed"
    if document.get("kind") != kind:
        problems.append(f"kind: says {document.get('kind')!r}, the levels have {kind!r}")
    return problems


def _levels(document: dict[str, Any]) -> list[dict[str, Any]]:
    levels = document.get("levels")
    if not isinstance(levels, list) or len(levels) != len(LEVELS) or not all(isinstance(level, dict) for level in levels):
        raise CertificateError(f"levels: accepted for evictions: three objects, {', '.join(LEVELS)}")
    for number, level in enumerate(levels):
        for part in ("bound", "claimed"):
            if level.get(part) is not None and not isinstance(level[part], dict):
                raise CertificateError(f"levels[{number}].{part}: accepted: null or an object")
        for value in (level.get("value"), (level.get("bound") or {}).get("value"), (level.get("claimed") or {}).get("value")):
            if value is not None and not is_integer(value):
                raise CertificateError(f"levels[{number}]: {value!r} (accepted: an integer or null)")
    return levels
