"""From counts of pods to steps with names: which pod of a class goes, when, and why."""

from __future__ import annotations

from collections.abc import Sequence

from binpack.model.pod import Pod
from binpack.optimal.migration.ordering import ClassMove, order_moves
from binpack.optimal.migration.question import Question
from binpack.optimal.migration.rehearsal import Step
from binpack.optimal.migration.waves import Leg, waves_of
from binpack.optimal.packing import Packing


def steps_of(question: Question, packing: Packing) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the steps to a placement, and the pods for which no order was found.

    The pods of a class are alike to the scheduler, not to their budgets: those in no budget go first, then those whose budget has most
    to spare.
    """
    order = order_moves(question.today, packing.held)
    names = question.node_names()
    pods = _Pods(question)
    legs: list[Leg] = []
    for move in order.moves:
        pod = pods.take(move.pod_class, None if move.origin is None else names[move.origin])
        pods.put(move.pod_class, names[move.target], pod)
        charges = pods.budgets(pod) if move.origin is not None else ()
        legs.append(Leg(pod.key, move.pod_class, move.origin, move.target, charges, _attracted(pod)))
    waves = waves_of(question.today, legs, [budget.allowed for budget in question.budgets])
    by_wave = sorted(range(len(legs)), key=lambda number: (waves[number], number))
    emptied = packing.held.sum(axis=0) == 0
    steps = tuple(
        Step(
            number=place + 1,
            wave=waves[number],
            pod=legs[number].pod,
            origin=None if (origin := legs[number].origin) is None else names[origin],
            target=names[legs[number].target],
            reason=_reason(order.moves[number], names, bool(origin is not None and emptied[origin])),
        )
        for place, number in enumerate(by_wave)
    )
    stuck = tuple(
        pods.take(pod_class, None if node is None else names[node]).key for pod_class, node, count in order.stuck for _ in range(count)
    )
    return steps, stuck


class _Pods:
    """The pods of each class on each node, in the order in which they are to go."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._at: dict[tuple[int, str | None], list[Pod]] = {}
        self._charges: dict[str, tuple[int, ...]] = {}
        for pod_class, members in enumerate(question.built.pods):
            for item in members:
                self._at.setdefault((pod_class, item.node), []).append(item.pod)
        for pods in self._at.values():
            pods.sort(key=self._spare)

    def budgets(self, pod: Pod) -> tuple[int, ...]:
        """The numbers of the budgets that count a pod."""
        if pod.key not in self._charges:
            self._charges[pod.key] = tuple(number for number, budget in enumerate(self._question.budgets) if budget.counts(pod))
        return self._charges[pod.key]

    def take(self, pod_class: int, node: str | None) -> Pod:
        """The next pod of a class to leave a node."""
        return self._at[pod_class, node].pop(0)

    def put(self, pod_class: int, node: str, pod: Pod) -> None:
        """Let a pod be on a node, as the first to go on from there: a pod that hopped."""
        self._at.setdefault((pod_class, node), []).insert(0, pod)

    def _spare(self, pod: Pod) -> tuple[bool, int, str]:
        charges = self.budgets(pod)
        return bool(charges), -min((self._question.budgets[number].allowed for number in charges), default=0), pod.key


def _reason(move: ClassMove, names: Sequence[str], from_emptied: bool) -> str:
    if move.origin is None:
        return "pending"
    if not move.final:
        return f"hop: makes room on {names[move.origin]}, moves once more"
    return f"frees {names[move.origin]}" if from_emptied else f"makes room on {names[move.origin]}"


def _attracted(pod: Pod) -> bool:
    affinity = pod.spec.affinity
    near = None if affinity is None else affinity.pod_affinity
    return near is not None and bool(near.required_during_scheduling_ignored_during_execution)
