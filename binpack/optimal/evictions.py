"""The smallest set of evictions that lets a pod fit, beside what kube-scheduler's preemption would choose.

Victims stand on one node, as in preemption, and have lower priority than the pod. A set is better if it breaks fewer disruption budgets,
then if it is smaller, then if its priorities add up to less. Sets are tried by size; the profile's own filters say whether the pod fits.
Source of what counts as a violation: framework/preemption and plugins/defaultpreemption, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from binpack.framework.profile import Profile
from binpack.framework.status import Code
from binpack.model.pod import Pod
from binpack.optimal.eligibility import requests_of
from binpack.optimal.migration.budgets import Allowance, allowances
from binpack.scheduler.cycle import Decision, SchedulingCycle
from binpack.scheduler.dry_run import NodeDryRun, dry_run
from binpack.scheduler.filtering import Filtering
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster

SETS_A_NODE = 20_000

Key = tuple[int, int, int]


@dataclass(frozen=True)
class Victims:
    """A node, and the pods that would have to leave it, by name.

    Attributes
    ----------
    node : str
    pods : tuple[Pod, ...]
    violations : int
        Victims whose eviction breaks a disruption budget.
    """

    node: str
    pods: tuple[Pod, ...]
    violations: int

    @property
    def key(self) -> Key:
        """What is compared: violations, victims, sum of their priorities."""
        return self.violations, len(self.pods), sum(pod.priority for pod in self.pods)


@dataclass(frozen=True)
class Evictions:
    """The answer to `fewest_evictions`.

    Attributes
    ----------
    pod : Pod
    fits : str or None
        A node on which the pod fits as it is: nothing has to be evicted.
    best : Victims or None
        None if nothing has to be evicted, or if no set of victims was found.
    proven : bool
        Whether every set that could be better was tried.
    preemption : Victims or None
        What kube-scheduler would choose.
    message : str
        Why the pod fits nowhere now.
    """

    pod: Pod
    fits: str | None
    best: Victims | None
    proven: bool
    preemption: Victims | None
    message: str

    def summary(self) -> str:
        """A few lines for a terminal."""
        if self.fits is not None:
            return f"{self.pod.key} fits on {self.fits}: nothing has to be evicted"
        if self.best is None:
            end = "no set of pods of lower priority on one node makes room" if self.proven else "no set of evictions was found"
            return f"{self.pod.key}: {end}\n  {self.message}"
        proven = "no set is better" if self.proven else "better sets were not ruled out"
        lines = [f"{self.pod.key} fits on {self.best.node} after {_in_words(self.best)}; {proven}"]
        lines += [f"  {victim.key} (priority {victim.priority})" for victim in self.best.pods]
        chosen = "nothing" if self.preemption is None else f"{_in_words(self.preemption)} on {self.preemption.node}"
        lines.append(f"  kube-scheduler's preemption: {chosen}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()


def fewest_evictions(cluster: Cluster, profiles: Mapping[str, Profile], pod: Pod, *, sets_a_node: int = SETS_A_NODE) -> Evictions:
    """Find the smallest set of evictions on one node that lets a pod fit.

    Parameters
    ----------
    cluster : Cluster
        Left as it was.
    profiles : mapping from scheduler name to Profile
        The pod's own decides.
    pod : Pod
        Without a node.
    sets_a_node : int
        Sets of victims to try on a node; where that does not do, the answer is not proven.
    """
    cycle = SchedulingCycle(cluster, profiles, tie_breaker=TieBreaker(Ties.FIRST), preemption=True)
    decision = cycle.decide(pod)
    if decision.node is not None or decision.filtering is None or decision.search is None:
        return Evictions(pod, decision.node, None, decision.node is not None, None, decision.message or "")
    budgets = allowances(cluster.catalog.list("PodDisruptionBudget"), (other for other, _ in cluster.pods()))
    search = _Search(cluster, cycle.profile_of(pod), pod, budgets, sets_a_node)
    preemption = _preempted(decision, budgets)
    search.run(decision.filtering, [int(row) for row in decision.search.rejected], preemption)
    return Evictions(pod, None, search.best, search.proven, preemption, decision.message or "")


class _Search:
    def __init__(self, cluster: Cluster, profile: Profile, pod: Pod, budgets: Sequence[Allowance], sets_a_node: int) -> None:
        self.cluster, self.profile, self.pod = cluster, profile, pod
        self.budgets, self.sets_a_node = budgets, sets_a_node
        self.wanted = requests_of(profile, pod, cluster)
        self.best: Victims | None = None
        self.proven = True

    def run(self, filtering: Filtering, rows: Sequence[int], start: Victims | None) -> None:
        """Search the nodes on which evictions can help, those that need fewest first."""
        self.best = start
        open_rows = []
        for row in rows:
            if filtering.status(row)[1].code is Code.UNSCHEDULABLE:
                least = self._least(row)
                if least is not None:
                    open_rows.append((least, self.cluster.node(row).name, row))
        for least, name, row in sorted(open_rows):
            if self.best is not None and (0, least) > self.best.key[:2]:
                break
            with dry_run(self.pod, filtering.preparation, self.cluster, self.profile, row, {}) as trial:
                self._on_node(name, row, least, trial)

    def _candidates(self, row: int) -> list[Pod]:
        pods = [other for other in self.cluster.pods_on(row).values() if other.priority < self.pod.priority]
        return sorted(pods, key=lambda other: (other.priority, other.key))

    def _short(self, row: int) -> dict[str, int]:
        """What a node lacks of each resource, and of places for pods."""
        short = {"": 1 - int(self.cluster.allowed_pods[row] - self.cluster.pod_counts[row])}
        for name, amount in self.wanted.items():
            index = self.cluster.resources.index(name)
            free = 0 if index is None else int(self.cluster.allocatable[index, row] - self.cluster.requested[index, row])
            short[name] = amount - free
        return {name: amount for name, amount in short.items() if amount > 0}

    def _gives(self, other: Pod, name: str) -> int:
        return 1 if name == "" else int(self.cluster.classes.of(other).requests.get(name, 0))

    def _least(self, row: int) -> int | None:
        """A number that no set of victims on a node can be smaller than; None if not even all of them make room."""
        pods = self._candidates(row)
        least = 1
        for name, amount in self._short(row).items():
            total = count = 0
            for given in sorted((self._gives(other, name) for other in pods), reverse=True):
                if total >= amount:
                    break
                total, count = total + given, count + 1
            if total < amount:
                return None
            least = max(least, count)
        return least if pods else None

    def _on_node(self, name: str, row: int, least: int, trial: NodeDryRun) -> None:
        pods = self._candidates(row)
        short = self._short(row)
        gives = [tuple(self._gives(other, resource) for resource in short) for other in pods]
        tried = 0
        for size in range(least, len(pods) + 1):
            if self.best is not None and (0, size) > self.best.key[:2]:
                return
            for chosen in self._sets(pods, size):
                tried += 1
                if tried > self.sets_a_node:
                    self.proven = False
                    return
                given = np.sum([gives[number] for number in chosen], axis=0) if short else np.zeros(0)
                victims = Victims(name, tuple(pods[number] for number in chosen), _violations([pods[n] for n in chosen], self.budgets))
                if (
                    (self.best is None or victims.key < self.best.key)
                    and (given >= list(short.values())).all()
                    and self._fits(trial, victims)
                ):
                    self.best = victims

    def _sets(self, pods: Sequence[Pod], size: int) -> Iterator[tuple[int, ...]]:
        """Sets of a size; of pods that are alike in all that counts only the first are taken."""
        kinds = [self._kind(other) for other in pods]
        seen: set[tuple[object, ...]] = set()
        for chosen in combinations(range(len(pods)), size):
            kind = tuple(sorted(map(repr, (kinds[number] for number in chosen))))
            if kind not in seen:
                seen.add(kind)
                yield chosen

    def _kind(self, other: Pod) -> tuple[object, ...]:
        labels = tuple(sorted(other.metadata.labels.items()))
        return self.cluster.classes.of(other).id, other.priority, other.metadata.namespace, labels

    def _fits(self, trial: NodeDryRun, victims: Victims) -> bool:
        for victim in victims.pods:
            trial.remove(victim)
        fits = trial.rejection() is None
        for victim in victims.pods:
            trial.add(victim)
        return fits


def _violations(pods: Sequence[Pod], budgets: Sequence[Allowance]) -> int:
    """Pods whose eviction goes beyond what some budget of theirs allows, counted as preemption does: the most important first."""
    left = [budget.allowed for budget in budgets]
    count = 0
    for pod in sorted(pods, key=lambda pod: (-pod.priority, pod.key)):
        broken = False
        for number, budget in enumerate(budgets):
            if pod.metadata.labels and budget.counts(pod):
                left[number] -= 1
                broken |= left[number] < 0
        count += broken
    return count


def _preempted(decision: Decision, budgets: Sequence[Allowance]) -> Victims | None:
    outcome = decision.post_filter
    if outcome is None or not outcome.nominated_node or not outcome.victims:
        return None
    pods = tuple(sorted(outcome.victims, key=lambda pod: pod.key))
    return Victims(outcome.nominated_node, pods, _violations(pods, budgets))


def _in_words(victims: Victims) -> str:
    text = f"{len(victims.pods)} eviction{'s' if len(victims.pods) != 1 else ''}"
    return text + (f" that break {victims.violations} times a disruption budget" if victims.violations else "")
