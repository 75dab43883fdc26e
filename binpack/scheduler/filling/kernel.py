"""The whole filling in one compiled call, over arrays of `binpack.scheduler.filling.tables`.

Verdicts and scores are kept by class and node; a class looks again only at the nodes that changed since it was last asked.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from binpack.plugins.kernels import device_policies, fragmentation
from binpack.scheduler.kernels.jit import entry, leaf
from binpack.scheduler.kernels.stamp import kernel_sources, stamp_of
from binpack.scheduler.kernels.ties import pre_order_key

FGD, FGD_FLOAT, PACKING, CLUSTERING, BEST_FIT, DOT_PROD, RANDOM = 0, 1, 2, 3, 4, 5, 6
"""Policies; `FGD_FLOAT` is FGD with scores that are not truncated."""

IN_ORDER, HEAP, DRAWN = 0, 1, 2
"""Tie rules: the first position, kube-scheduler's, at random."""

CPU, MEMORY, PODS = 0, 1, 2
"""Lines of what is left of a node."""

WANTED_CPU, WANTED_MEMORY, MILLI, COUNT, KIND = 0, 1, 2, 3, 4
"""Columns of a class."""

INFEASIBLE = -1.0e9

FLOAT_STEPS = 1.0e9
"""Scores that are equal but for the order in which floats were added shall be equal."""

node_buckets = leaf(fragmentation.node_buckets)
fragments = leaf(fragmentation.fragments)
gradient_score = leaf(fragmentation.gradient_score)
dot_prod_score = leaf(device_policies.dot_prod_score)
best_fit_score = leaf(device_policies.best_fit_score)
clustering_score = leaf(device_policies.clustering_score)
packing_score = leaf(device_policies.packing_score)
fullest_first = leaf(device_policies.fullest_first)
suffice = leaf(device_policies.suffice)


@leaf
def truncated(policy: int, score: float) -> float:
    """Cut FGD's score to a whole number; where floats are compared, to steps that hide only errors of rounding."""
    return float(int(score * FLOAT_STEPS)) if policy == FGD_FLOAT else float(int(score))


@leaf
def gradient(policy: int, wanted: Any, cpu: int, free: Any, devices: int, model: int, target: Any, room: Any) -> tuple[float, int]:
    """Return FGD's score of a node and the device (-1: not one share) that gives it. `target` and `room` are tuples of arrays."""
    figures, popularity, access = target
    after, amounts, order = room
    node_buckets(cpu, free, devices, model, figures, popularity, access, amounts)
    before = fragments(amounts)
    for device in range(devices):
        after[device] = free[device]
    left = cpu - wanted[WANTED_CPU]
    milli, count = wanted[MILLI], wanted[COUNT]
    if count != 1 or milli == 1000:
        fullest_first(free, devices, order)
        taken = 0
        for place in range(devices):
            device = order[place]
            if milli > 0 and free[device] >= milli and taken < count:
                after[device] -= milli
                taken += 1
        node_buckets(left, after, devices, model, figures, popularity, access, amounts)
        return truncated(policy, gradient_score(before, fragments(amounts))), -1
    best, chosen = INFEASIBLE, -1
    for device in range(devices):
        if free[device] < milli:
            continue
        known = False
        for earlier in range(device):
            known |= free[earlier] == free[device]
        # A device as full as an earlier one scores the same, and the earlier one is taken.
        if known:
            continue
        after[device] -= milli
        node_buckets(left, after, devices, model, figures, popularity, access, amounts)
        after[device] += milli
        score = truncated(policy, gradient_score(before, fragments(amounts)))
        if score > best:
            best, chosen = score, device
    return best, chosen


@leaf
def judge(
    policy: int, wanted: Any, allowed: bool, node: int, left: Any, free: Any, devices: Any, model: Any, pods: Any, target: Any, room: Any
) -> float:
    """Return the score of a node for a class, `INFEASIBLE` where it does not fit."""
    if not allowed or left[PODS, node] < 1:
        return INFEASIBLE
    cpu, there, milli, count = left[CPU, node], devices[node], wanted[MILLI], wanted[COUNT]
    if wanted[WANTED_CPU] > cpu or wanted[WANTED_MEMORY] > left[MEMORY, node]:
        return INFEASIBLE
    if milli > 0 and not suffice(free[node], there, milli, count):
        return INFEASIBLE
    if policy in (FGD, FGD_FLOAT):
        return gradient(policy, wanted, cpu, free[node], there, model[node], target, room)[0]  # type: ignore[no-any-return]
    if policy == RANDOM:
        return 0.0
    gpu = 0
    for device in range(there):
        gpu += free[node, device]
    if policy == BEST_FIT:
        return float(best_fit_score(cpu, gpu, wanted[WANTED_CPU], milli * count))
    if policy == DOT_PROD:
        return float(dot_prod_score(cpu, gpu, wanted[WANTED_CPU], milli * count))
    if milli == 0:
        return 0.0
    if policy == PACKING:
        fullest_first(free[node], there, room[2])
        return float(packing_score(free[node], there, milli, count, room[2]))
    everyone = 0
    for kind in range(pods.shape[1]):
        everyone += pods[node, kind]
    return float(clustering_score(gpu, pods[node, wanted[KIND]], everyone))


@leaf
def choose(policy: int, ties: int, scores: Any, listing: Any, draws: Any, drawn: int) -> tuple[int, int]:
    """Return the winning node (-1: none fits) and how many draws are used up."""
    best, feasible, tied, winner = INFEASIBLE, 0, 0, -1
    for node in range(len(scores)):
        score = scores[node]
        if score > INFEASIBLE:
            feasible += 1
        if score > best:
            best, tied, winner = score, 1, node
        elif score == best and score > INFEASIBLE:
            tied += 1
    if feasible <= 1 or (tied == 1 and policy != RANDOM):
        return winner, drawn
    if policy == RANDOM or ties == DRAWN:
        wanted = int(draws[drawn] * tied)
        for node in range(len(scores)):
            if scores[node] == best:
                if wanted == 0:
                    return node, drawn + 1
                wanted -= 1
    if ties == HEAP:
        position, lowest = 0, -1
        for place in range(len(listing)):
            node = listing[place]
            if scores[node] > INFEASIBLE:
                if scores[node] == best:
                    key = pre_order_key(position)
                    if lowest < 0 or key < lowest:
                        lowest, winner = key, node
                position += 1
    return winner, drawn


@leaf
def take(
    policy: int, wanted: Any, node: int, left: Any, free: Any, devices: Any, model: Any, target: Any, room: Any, draws: Any, drawn: int
) -> tuple[int, int]:
    """Choose the devices of a pod on its node; return them as bits, and how many draws are used up."""
    there, milli, count = devices[node], wanted[MILLI], wanted[COUNT]
    if milli == 0:
        return 0, drawn
    share = count == 1 and milli < 1000
    if share and policy in (FGD, FGD_FLOAT):
        _, device = gradient(policy, wanted, left[CPU, node], free[node], there, model[node], target, room)
        return 1 << device, drawn
    if share and policy == RANDOM:
        roomy = 0
        for device in range(there):
            roomy += free[node, device] >= milli
        nth = int(draws[drawn] * roomy)
        for device in range(there):
            if free[node, device] >= milli:
                if nth == 0:
                    return 1 << device, drawn + 1
                nth -= 1
    order = room[2]
    fullest_first(free[node], there, order)
    bits, taken = 0, 0
    for place in range(there):
        if free[node, order[place]] >= milli and taken < count:
            bits |= 1 << order[place]
            taken += 1
    return bits, drawn


@leaf
def measure(node: int, left: Any, free: Any, devices: Any, model: Any, target: Any, by_node: Any) -> None:
    """Measure a node's fragmentation again."""
    figures, popularity, access = target
    node_buckets(left[CPU, node], free[node], devices[node], model[node], figures, popularity, access, by_node[node])


@cache
def make_filling() -> Any:
    """Return the compiled call. Its key on disk holds the stamp of all sources, for it is a value of the closure."""
    return _with_stamp(stamp_of([*kernel_sources(), *sorted(Path(__file__).parent.glob("*.py"))]))


def _with_stamp(stamp: int) -> Any:
    def filling(  # type: ignore[no-untyped-def]
        policy, ties, arrivals, classes, allowed, left, free, devices, model, pods, listing, draws,
        figures, popularity, access, measured, measured_popularity, measured_access,
        after, amounts, order, scores, asked, changed, seen, by_node, chosen, bits, sums,
    ):  # fmt: skip
        target, room = (figures, popularity, access), (after, amounts, order)
        measured_target = (measured, measured_popularity, measured_access)
        drawn, changes = 0, 0
        for node in range(len(devices)):
            measure(node, left, free, devices, model, measured_target, by_node)
        for event in range(len(arrivals)):
            which = arrivals[event]
            wanted = classes[which]
            if asked[which] < 0:
                for node in range(len(devices)):
                    scores[which, node] = judge(
                        policy, wanted, allowed[which, node], node, left, free, devices, model, pods, target, room
                    )  # fmt: skip
            else:
                for change in range(changes - 1, asked[which] - 1, -1):
                    node = changed[change]
                    if seen[node] != event:
                        seen[node] = event
                        scores[which, node] = judge(
                            policy, wanted, allowed[which, node], node, left, free, devices, model, pods, target, room
                        )  # fmt: skip
            asked[which] = changes
            node, drawn = choose(policy, ties, scores[which], listing, draws, drawn)
            chosen[event], bits[event] = node, stamp & 0
            if node >= 0:
                bits[event], drawn = take(policy, wanted, node, left, free, devices, model, target, room, draws, drawn)
                left[CPU, node] -= wanted[WANTED_CPU]
                left[MEMORY, node] -= wanted[WANTED_MEMORY]
                left[PODS, node] -= 1
                for device in range(devices[node]):
                    if bits[event] >> device & 1:
                        free[node, device] -= wanted[MILLI]
                if wanted[MILLI] > 0:
                    pods[node, wanted[KIND]] += 1
                changed[changes] = node
                changes += 1
                measure(node, left, free, devices, model, measured_target, by_node)
            for node in range(len(devices)):
                for bucket in range(7):
                    sums[event, bucket] += by_node[node, bucket]
        return drawn

    return entry(filling)
