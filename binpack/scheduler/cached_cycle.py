"""The scheduling cycle with cached answers, pod by pod or a whole tick in one call. It decides exactly what `SchedulingCycle` decides."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from binpack.errors import SchedulingError
from binpack.framework.interface import Allocation
from binpack.framework.profile import Profile
from binpack.model.base import Struct
from binpack.model.pod import Pod
from binpack.plugins.required_node_affinity import required_terms
from binpack.scheduler.cycle import Decision, Refusal, SchedulingCycle
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.scheduler import FastScheduler
from binpack.scheduler.filtering import Filtering
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster

_SHORTEST_RUN, _GROWTH = 4, 4
_MAX_REJECTIONS = 64
"""Kept decisions hold a verdict for each node."""


class Outcome(Struct, frozen=True):
    """What became of one pod of a tick.

    Parameters
    ----------
    pod : Pod
        As it was given.
    node : str or None
        Where it was placed; None if it was not.
    decision : Decision or None
        With all explanations; None for a pod that was placed from the cache.
    refusal : Refusal or None
        A Reserve plugin did not allot what the chosen node should give.
    allocations : tuple[Allocation, ...]
        What Reserve plugins allotted; to be undone if the pod is not bound after all.
    evaluated_nodes : int
        How many nodes were looked at.
    """

    pod: Pod
    node: str | None
    decision: Decision | None = None
    refusal: Refusal | None = None
    allocations: tuple[Allocation, ...] = ()
    evaluated_nodes: int = 0


class CachedCycle(SchedulingCycle):
    """A scheduling cycle that remembers what it worked out about each class of pods, and looks again only at what changed.

    `decide` gives all explanations, from verdicts that are kept where rows alone decide. `choose` and `decide_tick` are the quick ones.
    Whoever changes `profiles` under way gets new answers: what was kept goes by the profile object.

    Parameters
    ----------
    cluster, profiles, tie_breaker, generator, score_single, preemption
        As for `SchedulingCycle`.
    cache : bool
        False: `choose` and `decide_tick` take the plain way for every pod, to compare.
    kernels : bool or None
        Whether to decide with compiled kernels; None: if numba is installed, and not for the first pods. The decisions are the same.
    """

    def __init__(
        self,
        cluster: Cluster,
        profiles: Mapping[str, Profile],
        *,
        tie_breaker: TieBreaker,
        generator: np.random.Generator | None = None,
        score_single: bool = False,
        preemption: bool = False,
        cache: bool = True,
        kernels: bool | None = None,
    ) -> None:
        super().__init__(cluster, profiles, tie_breaker=tie_breaker, generator=generator, score_single=score_single, preemption=preemption)
        self._cache = cache
        self._kernels = kernels
        self._fast: dict[str, FastScheduler] = {}
        self._rejections: dict[Hashable, Decision] = {}
        self._former = Counters()

    @property
    def counters(self) -> Counters:
        """The work done so far, over all profiles."""
        total = self._former
        for fast in self._fast.values():
            total = total.plus(fast.counters)
        return total

    @property
    def uses_kernels(self) -> bool:
        """Whether any pod was decided by a compiled kernel."""
        return self.counters.kernel_decisions > 0

    def place(self, pod: Pod) -> Outcome:
        """Decide where a pod goes and place it: a tick of one."""
        (outcome,) = self.decide_tick((pod,))
        return outcome

    def choose(self, pod: Pod) -> Decision:
        """Decide where a pod goes, as `decide`; a decision from the cache carries no explanation.

        A pod that fits nowhere is decided the plain way: its message, and preemption, need all verdicts. Without preemption the next
        pod of its class is told the same, until something changes.
        """
        return self._choose_quickly(pod)[0]

    def decide_briefly(self, pod: Pod) -> Decision:
        """Decide as `decide` does, from the cache where it reaches: with all totals, but no filter's verdict and no plugin's score."""
        fast = None if self._score_single else self._fast_for(pod)
        found = None if fast is None else fast.ranked(pod, self.next_start)
        if found is None:
            return self.decide(pod) if fast is None else self._plainly(pod, fast)
        row, search, scoring = found
        nodes = len(self.cluster)
        self.next_start = (self.next_start + search.evaluated) % nodes
        return Decision(pod, self.cluster.names[row], nodes, search=search, scoring=scoring)

    def _choose_quickly(self, pod: Pod) -> tuple[Decision, int]:
        """A decision, and how many nodes were looked at."""
        fast = self._fast_for(pod)
        found = None if fast is None else fast.row_for(pod, self.next_start)
        if found is None:
            decision = self.decide(pod) if fast is None else self._plainly(pod, fast)
            return decision, 0 if decision.search is None else decision.search.evaluated
        row, looked = found
        nodes = len(self.cluster)
        self.next_start = (self.next_start + looked) % nodes
        return Decision(pod, self.cluster.node(row).name, nodes), looked

    def decide_tick(self, pods: Sequence[Pod], *, stop_at_rejection: bool = False) -> list[Outcome]:
        """Decide the pods of one instant in order, each placed before the next is decided.

        Parameters
        ----------
        pods : sequence of Pod
        stop_at_rejection : bool
            End after the first pod that is not placed: preemption may change what the next ones see.

        Returns
        -------
        list[Outcome]
            One a pod, in order; of those up to the end.
        """
        outcomes: list[Outcome] = []
        # Where many pods fit nowhere, a call for all that are left would prepare the same pods again and again.
        run = len(pods)
        while len(outcomes) < len(pods):
            left = pods[len(outcomes) : len(outcomes) + run]
            placed = self._place_first(left)
            outcomes += placed
            if len(placed) == len(left):
                run *= _GROWTH
                continue
            outcome = self._place_one(left[len(placed)])
            outcomes.append(outcome)
            run = max(_SHORTEST_RUN, len(placed))
            if stop_at_rejection and outcome.node is None:
                break
        return outcomes

    def _plainly(self, pod: Pod, fast: FastScheduler) -> Decision:
        key = None if self._preemption else fast.rejection_key(pod, self.next_start)
        if key is not None and key in self._rejections:
            return replace(self._rejections[key], pod=pod)
        fast.counters.plain_decisions += 1
        decision = self.decide(pod)
        if key is not None and decision.node is None and not decision.failed:
            if len(self._rejections) >= _MAX_REJECTIONS:
                self._rejections.clear()
            self._rejections[key] = decision
        return decision

    def _filter(self, pod: Pod, profile: Profile) -> Filtering:
        fast = self._fast_for(pod)
        known = None if fast is None else fast.filtering(pod)
        return super()._filter(pod, profile) if known is None else known

    def place_first(self, pods: Sequence[Pod]) -> list[Outcome]:
        """Place the first pods in one call, as far as the cache decides; none if it does not even decide the first.

        Removing these pods again undoes all. So none either where only a sample is scored: each decision moves the next one's start.
        """
        fast = self._fast_for(pods[0])
        return [] if fast is None or fast.samples else self._place_first(pods)

    def _place_first(self, pods: Sequence[Pod]) -> list[Outcome]:
        fast = self._fast_for(pods[0])
        if fast is None:
            return []
        of_profile = self._same_profile(pods)
        placed = fast.place(of_profile, self.next_start)
        if placed.nodes:
            self.next_start = placed.start % len(self.cluster)
        answers = zip(of_profile, placed.nodes, placed.evaluated, strict=False)
        return [Outcome(pod, node, None, None, (), evaluated) for pod, node, evaluated in answers]

    def _same_profile(self, pods: Sequence[Pod]) -> Sequence[Pod]:
        """The first pods, as far as they have one scheduler."""
        name = pods[0].spec.scheduler_name
        if {pod.spec.scheduler_name for pod in pods} == {name}:
            return pods
        return pods[: next(index for index, pod in enumerate(pods) if pod.spec.scheduler_name != name)]

    def _place_one(self, pod: Pod) -> Outcome:
        decision, evaluated = self._choose_quickly(pod)
        explained = decision.filtering is not None or decision.failed
        if decision.node is None:
            return Outcome(pod, None, decision, evaluated_nodes=evaluated)
        answer = self.commit(decision)
        if isinstance(answer, Refusal):
            return Outcome(pod, None, decision, answer, evaluated_nodes=evaluated)
        return Outcome(pod, decision.node, decision if explained else None, None, answer, evaluated)

    def _fast_for(self, pod: Pod) -> FastScheduler | None:
        """The cache of a pod's profile; None where nothing cached may be used."""
        if not self._cache or self.nominated or len(self.cluster) == 0 or _names_nodes(pod):
            return None
        try:
            profile = self.profile_of(pod)
        except SchedulingError:
            return None
        fast = self._fast.get(profile.scheduler_name)
        if fast is None or fast.profile is not profile:
            if fast is not None:
                # Another configuration: nothing that was worked out under the old one holds.
                self._former = self._former.plus(fast.counters)
                self._rejections.clear()
            fast = self._fast[profile.scheduler_name] = FastScheduler(self.cluster, profile, self._tie_breaker, kernels=self._kernels)
        return fast


def _names_nodes(pod: Pod) -> bool:
    """Tell whether a pod may go to nodes listed by name alone, as a DaemonSet's: to look at these few the plain way is the fastest."""
    terms = required_terms(pod) or ()
    return bool(terms) and all(any(one.operator == "In" for one in term.match_fields) for term in terms)
