"""The pods that stand somewhere already, and which of them can matter to a pod that comes: a few, where a cluster has thousands.

A pod can matter if a selector of the newcomer's rules selects it, or a selector of its own anti-affinity selects the newcomer. Namespaces
are not looked at here: too many is slow, too few would be wrong.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from binpack.model.base import encoded
from binpack.model.meta import LabelSelector
from binpack.model.pod import Pod, PodAffinity
from binpack.state.decision_invariants import selects

HARD = "DoNotSchedule"


class Crowd:
    """Pods by what makes them matter: their labels and their anti-affinity.

    Parameters
    ----------
    pods : iterable of Pod
    """

    def __init__(self, pods: Iterable[Pod]) -> None:
        self._kinds: dict[Hashable, dict[str, Pod]] = {}
        self._answers: dict[tuple[Hashable, Hashable], bool] = {}
        for pod in pods:
            self.add(pod)

    def add(self, pod: Pod) -> None:
        """Let one more pod stand there."""
        self._kinds.setdefault(_kind(pod), {})[pod.key] = pod

    def remove(self, pod: Pod) -> None:
        """Let a pod that stands there be gone.

        Raises
        ------
        KeyError
            If it does not stand there.
        """
        pods = self._kinds[_kind(pod)]
        del pods[pod.key]
        if not pods:
            del self._kinds[_kind(pod)]

    def around(self, pod: Pod) -> list[Pod]:
        """Return the pods that can matter to a newcomer."""
        rules = (_labels(pod), _encoded(pod.spec.affinity), _encoded(pod.spec.topology_spread_constraints))
        found: list[Pod] = []
        for kind, pods in self._kinds.items():
            answer = self._answers.get((rules, kind))
            if answer is None:
                answer = self._answers[rules, kind] = _matters(next(iter(pods.values())), pod)
            if answer:
                found += pods.values()
        return found


def has_rules(pod: Pod) -> bool:
    """Whether a pod has rules about other pods that must hold when it is placed."""
    return any(True for _ in _selectors(pod))


def _kind(pod: Pod) -> Hashable:
    return _labels(pod), _encoded(_anti_affinity(pod))


def _matters(standing: Pod, newcomer: Pod) -> bool:
    labels = standing.metadata.labels
    if any(selects(selector, labels) for selector in _selectors(newcomer)):
        return True
    return any(selects(term.label_selector, newcomer.metadata.labels) for term in _terms(_anti_affinity(standing)))


def _selectors(pod: Pod) -> Iterator[LabelSelector | None]:
    for constraint in pod.spec.topology_spread_constraints:
        if constraint.when_unsatisfiable == HARD:
            yield constraint.label_selector
    affinity = pod.spec.affinity
    for part in () if affinity is None else (affinity.pod_affinity, affinity.pod_anti_affinity):
        for term in _terms(part):
            yield term.label_selector


def _terms(part: PodAffinity | None) -> tuple[Any, ...]:
    return () if part is None else part.required_during_scheduling_ignored_during_execution


def _anti_affinity(pod: Pod) -> PodAffinity | None:
    return None if pod.spec.affinity is None else pod.spec.affinity.pod_anti_affinity


def _labels(pod: Pod) -> frozenset[tuple[str, str]]:
    return frozenset(pod.metadata.labels.items())


def _encoded(value: Any) -> bytes | None:
    return encoded(value) if value else None
