"""The part of the checker that looks at placements: every constraint of the integer instance, in plain Python."""

from __future__ import annotations

from binpack.optimal.verify_instance import CheckedInstance

Placement = list[tuple[int, int, list[tuple[int, int]]]]


def measured(instance: CheckedInstance, placement: Placement) -> tuple[list[int], int]:
    """What is counted at each rank, and the cost of the nodes in use."""
    placed = list(instance.rank_base)
    cost = 0
    for node_class, nodes, pods in placement:
        if any(count for _, count in pods):
            cost += instance.cost[node_class] * nodes
        for pod_class, count in pods:
            placed[instance.rank[pod_class]] += count * nodes * instance.value[pod_class]
    return placed, cost


def broken_constraints(instance: CheckedInstance, placement: Placement) -> list[str]:
    """Name every constraint that the placement breaks."""
    broken: list[str] = []
    used = [0] * len(instance.supply)
    placed = [0] * len(instance.demand)
    for number, (node_class, nodes, pods) in enumerate(placement):
        used[node_class] += nodes
        for pod_class, count in pods:
            placed[pod_class] += nodes * count
        broken += [f"placement[{number}]: {reason}" for reason in _node(instance, node_class, dict(pods))]
    broken += [f"node class {k}: {n} nodes used of {instance.supply[k]}" for k, n in enumerate(used) if n > instance.supply[k]]
    broken += [f"pod class {i}: {n} pods placed of {instance.demand[i]}" for i, n in enumerate(placed) if n > instance.demand[i]]
    for classes, domain, base, max_skew, zero in instance.spreads:
        moved = _by_domain(placement, classes, domain, len(base))
        counts = [fixed + new for fixed, new in zip(base, moved, strict=True)]
        least = 0 if zero else min(counts, default=0)
        if any(new and count - least > max_skew for count, new in zip(counts, moved, strict=True)):
            broken.append(f"spread of classes {classes}: {counts}, max skew {max_skew}")
    for classes, domain, room in instance.caps:
        counts = _by_domain(placement, classes, domain, len(room))
        if any(count > most for count, most in zip(counts, room, strict=True)):
            broken.append(f"cap of classes {classes}: {counts}, room {room}")
    return broken


def _node(instance: CheckedInstance, node_class: int, held: dict[int, int]) -> list[str]:
    broken = []
    for resource, free in enumerate(instance.capacity[node_class]):
        load = sum(instance.size[i][resource] * count for i, count in held.items())
        if load > free:
            broken.append(f"takes {load} of resource {resource}, node class {node_class} has {free}")
    for pod_class, count in held.items():
        limit = instance.limit[pod_class][node_class]
        if count > limit:
            broken.append(f"{count} pods of class {pod_class} on a node of class {node_class}, limit {limit}")
    for left, right in instance.exclusions:
        if any(held.get(i) for i in left) and any(held.get(i) for i in right):
            broken.append(f"classes {left} and {right} share a node")
    return broken


def _by_domain(placement: Placement, classes: list[int], domain: list[int], domains: int) -> list[int]:
    counts = [0] * domains
    for node_class, nodes, pods in placement:
        if domain[node_class] >= 0:
            counts[domain[node_class]] += nodes * sum(count for pod_class, count in pods if pod_class in classes)
    return counts
