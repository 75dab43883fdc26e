"""The smallest set of evictions that lets a pod fit, beside what kube-scheduler's preemption would choose.

Victims stand on one node, as in preemption, and have lower priority than the pod. A set is better if it breaks fewer disruption budgets,
then if it is smaller, then if its priorities add up to less. Sets are tried by size; the profile's own filters say whether the pod fits.
Source: framework/preemption and plugins/defaultpreemption, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from binpack.framework.profile import Profile
from binpack.framework.status import Code
from binpack.model.pod import Pod
from binpack.optimal.eviction_rooms import Room, Rooms, blocking, room_that_fits, rooms_of, unpaired_rules
from binpack.optimal.preemption_budgets import PreemptionBudget, broken_budgets, by_importance, preemption_budgets
from binpack.optimal.shortages import Shortage
from binpack.scheduler.cycle import Decision, SchedulingCycle
from binpack.scheduler.dry_run import NodeDryRun, dry_run
from binpack.scheduler.filtering import Filtering
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    from binpack.optimal.answer import Answer

SETS_A_NODE = 20_000
SETS_BETWEEN_LOOKS = 64

Key = tuple[int, int, int]


@dataclass(frozen=True)
class Victims:
    """A node, and the pods that would have to leave it.

    Attributes
    ----------
    node : str
    pods : tuple[Pod, ...]
        The most important first.
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
    rooms : Rooms or None
        What the search looked at; None where the pod cannot be asked about at all.
    budgets : tuple[PreemptionBudget, ...]
    blockers : dict[str, frozenset[str]]
        By node: pods that have to go whatever else does, for they cannot be beside the pod. Only where it could matter.
    repeatable : bool
        False if `stop` ended the search.
    """

    pod: Pod
    fits: str | None
    best: Victims | None
    proven: bool
    preemption: Victims | None
    message: str
    rooms: Rooms | None = None
    budgets: tuple[PreemptionBudget, ...] = ()
    blockers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    repeatable: bool = True

    @cached_property
    def answer(self) -> Answer:
        """Status, objective and bound, after the certificate was checked."""
        from binpack.optimal.eviction_certificate import checked_evictions

        return checked_evictions(self)

    @property
    def relaxed(self) -> tuple[str, ...]:
        """Rules that the search keeps and the bound does not know, for they are not between two pods alone."""
        return unpaired_rules(self.pod)

    @property
    def shortage(self) -> Shortage | None:
        """Why no set of evictions was found, and of which resource there is too little; None where one was found."""
        if self.fits is not None or self.best is not None:
            return None
        return Shortage(self.pod.key, 1, None, None, None, self.message) if self.rooms is None else self.rooms.shortage(self.pod)

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


def fewest_evictions(
    cluster: Cluster,
    profiles: Mapping[str, Profile],
    pod: Pod,
    *,
    sets_a_node: int = SETS_A_NODE,
    stop: Callable[[], bool] | None = None,
) -> Evictions:
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
    stop : callable, optional
        Asked now and then whether to end the search with the best so far.
    """
    cycle = SchedulingCycle(cluster, profiles, tie_breaker=TieBreaker(Ties.FIRST), preemption=True)
    decision = cycle.decide(pod)
    message = decision.message or ""
    budgets = preemption_budgets(cluster.catalog.list("PodDisruptionBudget"), (other for other, _ in cluster.pods()))
    if decision.node is not None:
        fitting = room_that_fits(cluster, cycle.profile_of(pod), pod, decision.node)
        return Evictions(pod, decision.node, None, True, None, message, fitting, budgets)
    filtering = decision.filtering
    if filtering is None or (filtering.preparation.rejection is not None and filtering.preparation.rejection[1].code is Code.UNSCHEDULABLE):
        # The cycle failed, or a plugin rejects the pod before it looks at nodes: there is no filter to ask about one node.
        return Evictions(pod, None, None, False, None, message)
    profile = cycle.profile_of(pod)
    rooms = rooms_of(cluster, profile, pod, filtering)
    search = _Search(cluster, profile, pod, rooms, budgets, sets_a_node, stop)
    preemption = _preempted(decision, budgets)
    search.run(filtering, preemption)
    rooms, blockers = search.looked_at(filtering)
    return Evictions(pod, None, search.best, search.proven, preemption, message, rooms, budgets, blockers, not search.ended)


class _Search:
    def __init__(
        self,
        cluster: Cluster,
        profile: Profile,
        pod: Pod,
        rooms: Rooms,
        budgets: Sequence[PreemptionBudget],
        sets_a_node: int,
        stop: Callable[[], bool] | None,
    ) -> None:
        self.cluster, self.profile, self.pod, self.rooms = cluster, profile, pod, rooms
        self.budgets, self.sets_a_node = budgets, sets_a_node
        self._stop = stop
        self.best: Victims | None = None
        self.proven, self.ended = True, False

    def run(self, filtering: Filtering, start: Victims | None) -> None:
        """Search the nodes on which evictions can help, those that need fewest first."""
        self.best = start
        least = [(room.least(self.rooms.need), room.node, room) for room in self.rooms.open]
        for count, _, room in sorted((one for one in least if one[0] is not None), key=lambda one: one[:2]):
            if self.ended or (self.best is not None and (0, count) > self.best.key[:2]):
                break
            with dry_run(self.pod, filtering.preparation, self.cluster, self.profile, room.row, {}) as trial:
                self._on_node(room, count or 1, trial)

    def looked_at(self, filtering: Filtering) -> tuple[Rooms, dict[str, frozenset[str]]]:
        """The rooms for a proof: where sums alone would allow a better set, with the pods that have to go, or closed."""
        blockers: dict[str, frozenset[str]] = {}
        closed = list(self.rooms.closed)
        for room in self.rooms.open:
            least = room.least(self.rooms.need)
            if least is None or (self.best is not None and (0, least) > self.best.key[:2]):
                continue
            with dry_run(self.pod, filtering.preparation, self.cluster, self.profile, room.row, {}) as trial:
                pods, hopeless = blocking(room, trial)
            if hopeless is not None:
                closed.append((room.node, hopeless))
            elif pods:
                blockers[room.node] = pods
        shut = {node for node, _ in closed}
        return replace(self.rooms, open=tuple(r for r in self.rooms.open if r.node not in shut), closed=tuple(sorted(closed))), blockers

    def _on_node(self, room: Room, least: int, trial: NodeDryRun) -> None:
        short = room.short(self.rooms.need)
        tried = 0
        for size in range(least, len(room.pods) + 1):
            if self.best is not None and (0, size) > self.best.key[:2]:
                return
            for chosen in self._sets(room.pods, size):
                self.ended = self._stop is not None and tried % SETS_BETWEEN_LOOKS == 0 and self._stop()
                tried += 1
                if self.ended or tried > self.sets_a_node:
                    self.proven = False
                    return
                pods = [room.pods[number] for number in chosen]
                victims = Victims(room.node, tuple(by_importance(pods)), broken_budgets(pods, self.budgets))
                if (
                    (self.best is None or victims.key < self.best.key)
                    and all(sum(room.gives[number][r] for number in chosen) >= amount for r, amount in enumerate(short))
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
        charged = tuple(number for number, budget in enumerate(self.budgets) if budget.charges(other))
        return self.cluster.classes.of(other).id, other.priority, other.metadata.namespace, labels, charged

    def _fits(self, trial: NodeDryRun, victims: Victims) -> bool:
        for victim in victims.pods:
            trial.remove(victim)
        fits = trial.rejection() is None
        for victim in victims.pods:
            trial.add(victim)
        return fits


def _preempted(decision: Decision, budgets: Sequence[PreemptionBudget]) -> Victims | None:
    outcome = decision.post_filter
    if outcome is None or not outcome.nominated_node or not outcome.victims:
        return None
    return Victims(outcome.nominated_node, tuple(by_importance(outcome.victims)), broken_budgets(outcome.victims, budgets))


def _in_words(victims: Victims) -> str:
    text = f"{len(victims.pods)} eviction{'s' if len(victims.pods) != 1 else ''}"
    return text + (f" that break {victims.violations} times a disruption budget" if victims.violations else "")
