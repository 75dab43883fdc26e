"""Check a plan of moves on the objects of a cluster, step by step: room, rules and disruption budgets, whichever pod comes back first.

Each step is asked of the independent checker of `binpack.state`; nothing here knows what made the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from binpack.errors import CertificateError
from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.node import Node
from binpack.model.pod import MIRROR_ANNOTATION, Pod
from binpack.optimal.crowd import Crowd
from binpack.optimal.migration.budgets import Allowance
from binpack.optimal.verify_members import Members, counted, placed_contents
from binpack.state.decision_invariants import Before, check_decision
from binpack.state.invariants import check_placement

MOST_PROBLEMS = 5
AT_ONCE = ("capacity", "ports")


@dataclass(frozen=True)
class PlanObjects:
    """What a plan is carried out on: pods that have not ended, nodes, labels of namespaces, and budgets with what they allow."""

    pods: Mapping[str, Pod]
    nodes: Mapping[str, Node]
    namespaces: Mapping[str, Mapping[str, str]]
    budgets: Sequence[Allowance]


@dataclass(frozen=True)
class _Step:
    wave: int
    pod: str
    origin: str | None
    target: str


def plan_problems(document: Mapping[str, Any], members: Members | None, objects: PlanObjects) -> list[str]:
    """Say what is wrong with a plan by names; an empty list accepts it.

    Parameters
    ----------
    document : mapping
        A certificate whose goal is `moves`, and whose integers could be read.
    members : Members or None
        None: only the steps are checked.
    objects : PlanObjects

    Raises
    ------
    CertificateError
        If it has no steps.
    """
    steps = _steps(document)
    strange = [f"steps: the cluster has no pod {step.pod}" for step in steps if step.pod not in objects.pods]
    strange += [f"steps: the cluster has no node {step.target}" for step in steps if step.target not in objects.nodes]
    if strange:
        return strange[:MOST_PROBLEMS]
    walk = _Walk(objects)
    problems: list[str] = []
    for wave, group in groupby(steps, key=lambda step: step.wave):
        problems += walk.wave(wave, list(group))
        if problems:
            # After a step that cannot be done the others mean nothing.
            return problems[:MOST_PROBLEMS]
    if members is not None:
        today = {key: pod.spec.node_name for key, pod in objects.pods.items() if pod.spec.node_name}
        problems = _result_problems(document, members, objects, today, walk.where)
    return problems[:MOST_PROBLEMS]


class _Walk:
    """Carries the steps out: where each pod is, and what is on each node."""

    def __init__(self, objects: PlanObjects) -> None:
        self._objects = objects
        self.where = {key: pod.spec.node_name for key, pod in objects.pods.items() if pod.spec.node_name}
        self._on: dict[str, dict[str, Pod]] = {name: {} for name in objects.nodes}
        for key, node in self.where.items():
            self._on.setdefault(node, {})[key] = objects.pods[key]
        self._crowd = Crowd(objects.pods[key] for key in self.where)

    def wave(self, number: int, steps: Sequence[_Step]) -> list[str]:
        """Check a wave and carry it out: everybody at once against the budgets and for room, then one by one for every rule."""
        return self._charged(number, steps) or self._together(steps) or [problem for step in steps for problem in self._one(step)]

    def _charged(self, number: int, steps: Sequence[_Step]) -> list[str]:
        problems = []
        gone: Counter[str] = Counter()
        for step in steps:
            if step.origin is None:
                continue
            pod = self._objects.pods[step.pod]
            charged = [budget for budget in self._objects.budgets if budget.counts(pod)]
            if len(charged) > 1:
                problems.append(f"steps: {step.pod} is in {len(charged)} disruption budgets, which the eviction API refuses")
            gone.update(budget.key for budget in charged)
        for budget in self._objects.budgets:
            if gone[budget.key] > budget.allowed:
                problems.append(f"steps: wave {number} evicts {gone[budget.key]} pods of {budget.key}, it allows {budget.allowed} at once")
        moved = Counter(step.pod for step in steps)
        return problems + [f"steps: wave {number} moves {pod} twice" for pod, times in moved.items() if times > 1]

    def _together(self, steps: Sequence[_Step]) -> list[str]:
        """Each target has room for all that come while all that leave it are still there, so that the order does not matter."""
        coming: dict[str, list[Pod]] = {}
        for step in steps:
            if step.target != step.origin:
                coming.setdefault(step.target, []).append(_placed(self._objects.pods[step.pod], step.target))
        problems = []
        for name, pods in coming.items():
            there = [_placed(pod, name) for pod in self._on[name].values()]
            own = {pod.key for pod in pods}
            found = [one for one in check_placement([self._objects.nodes[name]], [*there, *pods]) if one.invariant in AT_ONCE]
            # The ports of pods that were there before are not the fault of the wave.
            problems += [f"steps: {one}" for one in found if not one.pod or one.pod in own]
        return problems

    def _one(self, step: _Step) -> list[str]:
        if self.where.get(step.pod) != step.origin:
            return [f"steps: {step.pod} is not on {step.origin}, but on {self.where.get(step.pod)}"]
        pod = self._objects.pods[step.pod]
        if step.origin is not None:
            self._crowd.remove(_placed(pod, step.origin))
            del self._on[step.origin][step.pod]
        anew = _placed(pod, "")
        there = {other.key: other for other in (*self._crowd.around(anew), *self._on[step.target].values())}
        found = check_decision(Before(self._objects.nodes, tuple(there.values()), self._objects.namespaces), anew, step.target)
        bound = _placed(pod, step.target)
        self._crowd.add(bound)
        self._on[step.target][step.pod] = bound
        self.where[step.pod] = step.target
        return [f"steps: {violation}" for violation in found if violation.pod in ("", step.pod)]


def _result_problems(
    document: Mapping[str, Any], members: Members, objects: PlanObjects, today: Mapping[str, str], after: Mapping[str, str]
) -> list[str]:
    """What the steps lead to is what the certificate counts: today's kinds, the placement, the moves and the nodes in use."""
    problems = []
    if members.contents(today) != counted(document["today"]):
        problems.append("today: nodes do not hold what the objects say")
    value = document["levels"][0].get("value")
    if value is None:
        return problems
    if members.contents(after) != placed_contents(document, [kind[0] for kind in document["today"]]):
        problems.append("steps: they do not lead to the placement by classes")
    moved = sum(1 for key, node in today.items() if key in members.class_of and after.get(key) != node)
    if moved != value:
        problems.append(f"steps: {moved} pods are on another node in the end, the certificate counts {value}")
    return problems + _held_problems(document, members, objects, today)


def _held_problems(document: Mapping[str, Any], members: Members, objects: PlanObjects, today: Mapping[str, str]) -> list[str]:
    """A node counts as in use whatever happens where a pod stays that is no DaemonSet's and not static, and only there."""
    held = {node for key, node in today.items() if key not in members.class_of and not _needs_no_node(objects.pods[key])}
    costs = document["instance"]["cost"]
    problems = []
    for name, number in members.node_class_of.items():
        if (name in held) == bool(costs[number]):
            word = "is held by a pod that stays" if name in held else "is held by nothing that stays"
            problems.append(f"instance.cost[{number}]: {costs[number]}, but node {name} {word}")
    return problems


def _needs_no_node(pod: Pod) -> bool:
    owner = controller_of(pod.metadata)
    daemon = owner is not None and owner.kind == "DaemonSet"
    static = MIRROR_ANNOTATION in pod.metadata.annotations or any(one.kind == "Node" for one in pod.metadata.owner_references)
    return daemon or static or pod.metadata.deletion_timestamp is not None


def _placed(pod: Pod, node: str) -> Pod:
    return pod if pod.spec.node_name == node else replace(pod, spec=replace(pod.spec, node_name=node))


def _steps(document: Mapping[str, Any]) -> list[_Step]:
    raw = document.get("steps")
    if not isinstance(raw, list):
        raise CertificateError("steps: missing (accepted with --cluster: a list of [wave, pod, from or null, to])")
    steps: list[_Step] = []
    for number, item in enumerate(raw):
        if not isinstance(item, list) or len(item) != 4 or not isinstance(item[0], int) or not isinstance(item[1], str):
            raise CertificateError(f"steps[{number}]: {item!r} (accepted: [wave, pod, from or null, to])")
        if not (item[2] is None or isinstance(item[2], str)) or not isinstance(item[3], str):
            raise CertificateError(f"steps[{number}]: {item!r} (accepted: [wave, pod, from or null, to])")
        if steps and item[0] < steps[-1].wave:
            raise CertificateError(f"steps[{number}]: wave {item[0]} after wave {steps[-1].wave} (accepted: in order)")
        steps.append(_Step(*item))
    return steps
