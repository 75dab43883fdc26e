"""Check the certificate of a migration plan: today's placement, the placement after the moves, and the bound on the moves.

Say what placing a pod of each class is worth, and what a paid node in use costs. A pod that stays is worth `scale` more. If no content of
a node of each kind is worth more than claimed, then all pods that stay are worth at most what the nodes hold, less the price of the nodes
in use and less what all pods are worth anyway. The claims are proven by multipliers, and by trying contents where they do not suffice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verdict import CheckedLevel, Verdict
from binpack.optimal.verify_contents import Contents
from binpack.optimal.verify_instance import CheckedInstance, digest_of, read_instance, whole
from binpack.optimal.verify_placement import broken_constraints

Kind = tuple[int, int, dict[int, int]]


def verify_moves(document: dict[str, Any], step_limit: int) -> Verdict:
    """Check a document whose goal is `moves`.

    Raises
    ------
    CertificateError
        If it cannot be read.
    """
    instance = read_instance(document.get("instance"))
    if any(cost > 1 for cost in instance.cost):
        raise CertificateError("instance.cost: accepted in a plan of moves: 1 for a node that counts, 0 for one in use whatever happens")
    target = document.get("target")
    if not whole([target], 0):
        raise CertificateError(f"target: {target!r} (accepted: the most nodes in use, an integer >= 0)")
    problems = [] if document.get("digest") == digest_of(document["instance"]) else ["digest: it is not that of the instance"]
    kinds = _contents(document, "today", len(instance.supply), len(instance.demand))
    after = _contents(document, "placement", len(kinds), len(instance.demand))
    level = _level(document)
    problems += _wrong_today(instance, kinds)
    value = None
    if level.get("value") is not None:
        problems += _wrong_placement(instance, kinds, after, target)
        value = _moved(kinds, after)
    checked = _checked(instance, kinds, target, level, value, step_limit)
    problems += _complaints(level, checked)
    if document.get("status") == "optimal" and not checked.optimal:
        problems.append("status: says optimal, though the proof does not meet the value")
    if document.get("kind", "moves") != "moves":
        problems.append(f"kind: says {document['kind']!r}, it is a plan of moves")
    return Verdict(tuple(problems), (checked,))


def _contents(document: dict[str, Any], name: str, kinds: int, classes: int) -> list[Kind]:
    raw = document.get(name)
    if not isinstance(raw, list):
        raise CertificateError(f"{name}: missing (accepted: a list of [kind of node, nodes, [[pod class, pods], ...]])")
    result = []
    for number, item in enumerate(raw):
        fits = isinstance(item, list) and len(item) == 3 and whole(item[:2], 0) and isinstance(item[2], list)
        if not fits or not all(isinstance(pair, list) and len(pair) == 2 and whole(pair, 0) for pair in item[2]):
            raise CertificateError(f"{name}[{number}]: {item!r} (accepted: [kind of node, nodes, [[pod class, pods], ...]], integers >= 0)")
        held = dict(item[2])
        if item[0] >= kinds or any(pod_class >= classes for pod_class in held) or len(held) != len(item[2]):
            raise CertificateError(f"{name}[{number}]: names a class that is not there, or one twice")
        result.append((item[0], item[1], held))
    return result


def _level(document: dict[str, Any]) -> dict[str, Any]:
    levels = document.get("levels")
    if not isinstance(levels, list) or len(levels) != 1 or not isinstance(levels[0], dict):
        raise CertificateError("levels: accepted in a plan of moves: one object with value and bound")
    level: dict[str, Any] = levels[0]
    bound = level.get("bound")
    if bound is not None and not (isinstance(bound, dict) and isinstance(bound.get("proof"), dict)):
        raise CertificateError("levels[0].bound: accepted: null or an object with value and proof")
    for value in (level.get("value"), (bound or {}).get("value")):
        if value is not None and not whole([value], 0):
            raise CertificateError(f"levels[0]: {value!r} (accepted: an integer >= 0 or null)")
    return level


def _wrong_today(instance: CheckedInstance, kinds: list[Kind]) -> list[str]:
    """Today may break rules, for it came to be; but every node is there once, and no pod twice."""
    nodes: Counter[int] = Counter()
    pods: Counter[int] = Counter()
    for node_class, count, held in kinds:
        nodes[node_class] += count
        for pod_class, number in held.items():
            pods[pod_class] += count * number
    problems = [f"today: {nodes[k]} nodes of class {k}, the instance has {n}" for k, n in enumerate(instance.supply) if nodes[k] != n]
    return problems + [f"today: {pods[i]} pods of class {i} of {d}" for i, d in enumerate(instance.demand) if pods[i] > d]


def _wrong_placement(instance: CheckedInstance, kinds: list[Kind], after: list[Kind], target: int) -> list[str]:
    used: Counter[int] = Counter()
    placed: Counter[int] = Counter()
    paid = 0
    for kind, nodes, held in after:
        used[kind] += nodes
        if any(held.values()):
            paid += nodes * instance.cost[kinds[kind][0]]
        for pod_class, pods in held.items():
            placed[pod_class] += nodes * pods
    problems = [f"placement: {used[n]} nodes of kind {n}, there are {count}" for n, (_, count, _) in enumerate(kinds) if used[n] > count]
    problems += [f"placement: {placed[i]} pods of class {i} of {d}" for i, d in enumerate(instance.demand) if placed[i] != d]
    if paid > target:
        problems.append(f"placement: {paid} nodes in use, the target is {target}")
    return problems + broken_constraints(instance, [(kinds[kind][0], nodes, list(held.items())) for kind, nodes, held in after])


def _moved(kinds: list[Kind], after: list[Kind]) -> int:
    """Pods that are on a node today and not after; a node that the placement does not mention is empty then."""
    stay = sum(nodes * sum(min(pods, kinds[kind][2].get(i, 0)) for i, pods in held.items()) for kind, nodes, held in after)
    return _running(kinds) - stay


def _running(kinds: list[Kind]) -> int:
    return sum(nodes * sum(held.values()) for _, nodes, held in kinds)


def _checked(
    instance: CheckedInstance, kinds: list[Kind], target: int, level: dict[str, Any], value: int | None, step_limit: int
) -> CheckedLevel:
    checked = CheckedLevel(str(level.get("name")), None, None, value, None, None)
    bound = level.get("bound")
    if bound is None:
        return checked
    gain, scale = _gain(instance, kinds, target, bound["proof"], step_limit)
    proven = None if gain < 0 else max(0, _running(kinds) - gain // scale)
    return replace(checked, stated=bound.get("value"), proven=proven, infeasible=gain < 0, kind="moves")


def _gain(instance: CheckedInstance, kinds: list[Kind], target: int, proof: dict[str, Any], step_limit: int) -> tuple[int, int]:
    """What all pods that stay can be worth at most, in units of 1/scale."""
    scale, price, fineness = proof.get("scale"), proof.get("nodePrice"), proof.get("multiplierScale")
    weights, claims, rows = proof.get("podWeights"), proof.get("nodeWeights"), proof.get("multipliers")
    if proof.get("kind") != "moves":
        raise CertificateError(f"proof.kind: {proof.get('kind')!r} (accepted in a plan of moves: moves)")
    if not (whole([scale, fineness], 1) and whole([price], 0)) or not isinstance(scale, int) or not isinstance(price, int):
        raise CertificateError("proof: accepted: scale and multiplierScale >= 1, nodePrice >= 0, all integers")
    width = len((instance.capacity or [[]])[0])
    _expect(weights, len(instance.demand), "podWeights")
    _expect(claims, len(kinds), "nodeWeights")
    if not isinstance(rows, list) or len(rows) != len(kinds):
        raise CertificateError("proof.multipliers: accepted: a row of integers for each kind of node")
    assert isinstance(weights, list)
    assert isinstance(claims, list)
    assert isinstance(fineness, int)
    both = _both(instance, kinds)
    worth = [scale + weight for weight in weights] + weights
    gain = price * target - sum(weight * pods for weight, pods in zip(weights, instance.demand, strict=True))
    for number, (node_class, nodes, _) in enumerate(kinds):
        _expect(rows[number], width, "multipliers")
        search = Contents(both, number, worth, rows[number], fineness)
        holds = claims[number] if search.never_above(claims[number], step_limit) else search.upper
        step_limit -= search.spent
        gain += nodes * max(0, holds - price * instance.cost[node_class])
    return gain, scale


def _both(instance: CheckedInstance, kinds: list[Kind]) -> CheckedInstance:
    """Each kind of node a class, each pod class twice: pods that stay, at most as many as are there, and pods that come."""
    m = len(instance.demand)
    stay = [[min(held.get(i, 0), instance.most[i][k]) for k, _, held in kinds] for i in range(m)]
    come = [[instance.most[i][k] - here for (k, _, _), here in zip(kinds, stay[i], strict=True)] for i in range(m)]
    return replace(
        instance,
        size=instance.size * 2,
        demand=instance.demand * 2,
        tier=instance.tier * 2,
        must_place=instance.must_place * 2,
        capacity=[instance.capacity[k] for k, _, _ in kinds],
        supply=[nodes for _, nodes, _ in kinds],
        cost=[instance.cost[k] for k, _, _ in kinds],
        limit=stay + come,
        exclusions=[[[*side, *(m + i for i in side)] for side in pair] for pair in instance.exclusions],
        spreads=[],
        caps=[],
    )


def _expect(value: Any, length: int, name: str) -> None:
    if not isinstance(value, list) or len(value) != length or not whole(value, 0):
        raise CertificateError(f"proof.{name}: accepted: {length} integers >= 0")


def _complaints(level: dict[str, Any], checked: CheckedLevel) -> list[str]:
    problems = []
    if level.get("value") != checked.value:
        problems.append(f"levels[0] (moves): states {level.get('value')!r} moves, the placement has {checked.value}")
    if level.get("bound") is None or checked.infeasible:
        return problems
    if checked.stated is None:
        problems.append(f"levels[0] (moves): states that nothing is possible, the proof gives {checked.proven}")
    elif checked.proven is None or checked.proven < checked.stated:
        problems.append(f"levels[0] (moves): states the bound {checked.stated}, the proof gives {checked.proven}")
    return problems
