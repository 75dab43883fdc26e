"""Check the certificate of a migration plan in plain integers: no numpy, no solver, nothing shared with what found the plan.

A pod of a class that is on a node today and after the moves has stayed; all others have moved. The bound says how many can stay at
most: what the best content of each node is worth, less the price of the nodes in use and what the pods to place are worth.
"""

from __future__ import annotations

from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verify_contents import Contents
from binpack.optimal.verify_instance import CheckedInstance, digest_of, read_instance, whole
from binpack.optimal.verify_placement import broken_constraints, measured

Kind = tuple[int, int, list[tuple[int, int]]]


def verify_moves(document: Any, *, step_limit: int = 500_000) -> tuple[list[str], int | None, int | None, bool]:
    """Check a certificate whose goal is `moves`.

    Parameters
    ----------
    document : Any
        The parsed JSON document, its schema and version known to be right.
    step_limit : int
        Work to spend on each kind of node; a proof that needs more counts as weaker.

    Returns
    -------
    problems : list[str]
        What is wrong or weaker than stated.
    moves : int or None
        Of the placement; None without one.
    proven : int or None
        The bound that follows from the proof; None without one, or if nothing is possible.
    possible : bool
        False if the proof shows that no placement keeps the target.

    Raises
    ------
    CertificateError
        If the document is none that can be read.
    """
    instance = read_instance(document.get("instance"))
    problems = [] if document.get("digest") == digest_of(document["instance"]) else ["digest: it is not that of the instance"]
    if any(cost > 1 for cost in instance.cost):
        raise CertificateError("instance.cost: accepted for moves: 0 and 1")
    target: Any = document.get("target")
    if not whole([target], 0):
        raise CertificateError(f"target: {target!r} (accepted: the most nodes of cost 1 in use)")
    kinds = _contents(document, "today", len(instance.supply), len(instance.demand))
    problems += _today_problems(instance, kinds)
    level = _level(document)
    moves = None
    if level.get("value") is not None:
        placement = _contents(document, "placement", len(kinds), len(instance.demand))
        found, moves = _placement_problems(instance, kinds, placement, int(target))
        problems += found
        if level["value"] != moves:
            problems.append(f"levels[0] (moves): states the value {level['value']!r}, the placement has {moves}")
    proven, possible = _proven(instance, kinds, int(target), level, step_limit)
    stated = None if level.get("bound") is None else level["bound"].get("value")
    if level.get("bound") is not None and stated is None and possible:
        problems.append(f"levels[0] (moves): states that nothing is possible, the proof gives {proven}")
    if stated is not None and possible and (proven is None or proven < stated):
        problems.append(f"levels[0] (moves): states the bound {stated}, the proof gives {proven}")
    if document.get("status") == "optimal" and (moves is None or moves != proven):
        problems.append("status: optimal, though bound and moves do not meet")
    if document.get("status") == "infeasible" and possible:
        problems.append("status: infeasible, though the proof does not show it")
    return problems, moves, proven, possible


def _today_problems(instance: CheckedInstance, kinds: list[Kind]) -> list[str]:
    """Today's nodes must be all nodes there are, and hold no more pods of a class than there are."""
    problems = []
    for node_class, supply in enumerate(instance.supply):
        if sum(nodes for kind, nodes, _ in kinds if kind == node_class) != supply:
            problems.append(f"today: not the {supply} nodes of class {node_class}")
    for pod_class, demand in enumerate(instance.demand):
        if sum(nodes * pods for _, nodes, content in kinds for one, pods in content if one == pod_class) > demand:
            problems.append(f"today: more than the {demand} pods of class {pod_class}")
    return problems


def _placement_problems(instance: CheckedInstance, kinds: list[Kind], placement: list[Kind], target: int) -> tuple[list[str], int]:
    by_class = [(kinds[kind][0], nodes, content) for kind, nodes, content in placement]
    problems = list(broken_constraints(instance, by_class))
    placed, cost = measured(instance, by_class)
    if placed != instance.rank_demand:
        problems.append(f"placement: {sum(placed)} pods of {sum(instance.rank_demand)}")
    if cost > target:
        problems.append(f"placement: {cost} nodes in use, {target} were asked for")
    for number, (_, there, _) in enumerate(kinds):
        if sum(nodes for kind, nodes, _ in placement if kind == number) > there:
            problems.append(f"placement: more than the {there} nodes of kind {number}")
    stays = 0
    for kind, nodes, content in placement:
        before = dict(kinds[kind][2])
        stays += nodes * sum(min(pods, before.get(pod_class, 0)) for pod_class, pods in content)
    return problems, _running(kinds) - stays


def _proven(instance: CheckedInstance, kinds: list[Kind], target: int, level: dict[str, Any], step_limit: int) -> tuple[int | None, bool]:
    if level.get("bound") is None:
        return None, True
    proof = level["bound"]["proof"]
    if proof.get("kind") != "moves":
        raise CertificateError(f"proof.kind: {proof.get('kind')!r} (accepted: moves)")
    scale, price = proof.get("scale"), proof.get("nodePrice")
    weights = _integers(proof, "podWeights", len(instance.demand))
    stated = _integers(proof, "nodeWeights", len(kinds))
    rows, row_scale = proof.get("multipliers"), proof.get("multiplierScale")
    if not whole([scale, row_scale], 1) or not whole([price], 0) or not isinstance(rows, list) or len(rows) != len(kinds):
        raise CertificateError(
            "proof: accepted: scale and multiplierScale >= 1, nodePrice >= 0, a row of multipliers for each kind of node"
        )
    both = _with_stays(instance, kinds)
    values = [int(scale) + weight for weight in weights] + weights
    gain = int(price) * target - sum(weight * pods for weight, pods in zip(weights, instance.demand, strict=True))
    for number, (node_class, nodes, _) in enumerate(kinds):
        prices = _integers({"multipliers": rows[number]}, "multipliers", len(instance.capacity[node_class]))
        search = Contents(both, number, values, prices, int(row_scale))
        holds = stated[number] if search.never_above(stated[number], step_limit) else search.upper
        gain += nodes * max(0, holds - int(price) * instance.cost[node_class])
    if gain < 0:
        return None, False
    return max(0, _running(kinds) - gain // int(scale)), True


def _with_stays(instance: CheckedInstance, kinds: list[Kind]) -> CheckedInstance:
    """The instance with each kind of node as a node class and each pod class twice: pods that stay, and pods that come."""
    m = len(instance.demand)
    stay, come = [], []
    for pod_class in range(m):
        there = [dict(content).get(pod_class, 0) for _, _, content in kinds]
        most = [instance.most[pod_class][node_class] for node_class, _, _ in kinds]
        stay.append([min(pods, all_) for pods, all_ in zip(there, most, strict=True)])
        come.append([all_ - min(pods, all_) for pods, all_ in zip(there, most, strict=True)])
    return CheckedInstance(
        size=instance.size * 2,
        demand=instance.demand * 2,
        tier=[0] * (2 * m),
        must_place=[0] * (2 * m),
        capacity=[instance.capacity[node_class] for node_class, _, _ in kinds],
        supply=[nodes for _, nodes, _ in kinds],
        cost=[instance.cost[node_class] for node_class, _, _ in kinds],
        limit=stay + come,
        exclusions=[[[*left, *(m + i for i in left)], [*right, *(m + i for i in right)]] for left, right in instance.exclusions],
        spreads=[],
        caps=[],
        value=[1] * (2 * m),
        base=0,
    )


def _running(kinds: list[Kind]) -> int:
    return sum(nodes * pods for _, nodes, content in kinds for _, pods in content)


def _level(document: Any) -> dict[str, Any]:
    levels = document.get("levels")
    if not isinstance(levels, list) or len(levels) != 1 or not isinstance(levels[0], dict):
        raise CertificateError("levels: accepted for moves: one object with value and bound")
    level: dict[str, Any] = levels[0]
    bound = level.get("bound")
    if bound is not None and not (isinstance(bound, dict) and isinstance(bound.get("proof"), dict)):
        raise CertificateError("levels[0].bound: accepted: null or an object with value and proof")
    for value in (level.get("value"), (bound or {}).get("value")):
        if value is not None and not whole([value], 0):
            raise CertificateError(f"levels[0]: {value!r} (accepted: an integer >= 0 or null)")
    return level


def _contents(document: Any, name: str, classes: int, pod_classes: int) -> list[Kind]:
    raw = document.get(name)
    if not isinstance(raw, list):
        raise CertificateError(f"{name}: missing (accepted: a list of [number, nodes, [[pod class, pods], ...]])")
    result: list[Kind] = []
    for number, item in enumerate(raw):
        where = f"{name}[{number}]"
        if not (isinstance(item, list) and len(item) == 3 and isinstance(item[2], list)):
            raise CertificateError(f"{where}: {item!r} (accepted: [number, nodes, [[pod class, pods], ...]])")
        pairs = [(pair[0], pair[1]) for pair in item[2] if isinstance(pair, list) and len(pair) == 2]
        if len(pairs) != len(item[2]) or not whole([item[0], item[1], *(part for pair in pairs for part in pair)], 0):
            raise CertificateError(f"{where}: {item!r} (accepted: integers >= 0)")
        if item[0] >= classes or any(pair[0] >= pod_classes for pair in pairs) or len({pair[0] for pair in pairs}) != len(pairs):
            raise CertificateError(f"{where}: names a class or kind that there is not, or a pod class twice")
        result.append((item[0], item[1], pairs))
    return result


def _integers(raw: dict[str, Any], name: str, length: int) -> list[int]:
    value = raw.get(name)
    if not isinstance(value, list) or len(value) != length or not whole(value, 0):
        raise CertificateError(f"proof.{name}: accepted: {length} integers >= 0")
    return value
