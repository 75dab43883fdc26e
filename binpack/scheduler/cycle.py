"""One scheduling cycle: filter, search, score, choose. Deciding changes nothing but the rotating start; `commit` places the pod.

Source: schedule_one.go (schedulePod), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.defaults import DEFAULT_SCHEDULER_NAME
from binpack.framework.interface import Allocation, RandomReserve
from binpack.framework.post_filter import FailedCycle
from binpack.framework.profile import Profile
from binpack.framework.status import Status
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.scheduler.dry_run import NominatedPods, apply_nominations, dry_run
from binpack.scheduler.filtering import PASSED, UNLISTED, Filtering, filter_all, filter_rows, prepare
from binpack.scheduler.message import NO_NODES, fit_error
from binpack.scheduler.post_filter import PostFilterOutcome, run_post_filters
from binpack.scheduler.scoring import Scoring, score
from binpack.scheduler.search import SearchResult, feasible_nodes_to_find, search
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Decision:
    """What a scheduling cycle decided about one pod, with everything that explains it.

    Parameters
    ----------
    pod : Pod
    node : str or None
        The chosen node; None if none fits.
    nodes : int
        Nodes in the cluster.
    filtering : Filtering or None
        None if the cycle failed before.
    search : SearchResult or None
        Which rows were looked at; None if a PreFilter plugin rejected the pod, or the cycle failed.
    scoring : Scoring or None
        None where nothing was scored: no feasible node, or only one.
    message : str or None
        The FitError text, or what the cycle failed with.
    failed : bool
        The cycle failed with an error; the pod was not rejected.
    post_filter : PostFilterOutcome or None
        What preemption found; None where it did not run.
    """

    pod: Pod
    node: str | None
    nodes: int
    filtering: Filtering | None = None
    search: SearchResult | None = None
    scoring: Scoring | None = None
    message: str | None = None
    failed: bool = False
    post_filter: PostFilterOutcome | None = None

    @property
    def feasible(self) -> NDArray[np.intp]:
        """The feasible rows in the order in which they were found."""
        return np.zeros(0, np.intp) if self.search is None else self.search.feasible

    @property
    def rejecting_plugins(self) -> tuple[str, ...]:
        """The plugins that rejected at least one node (or all at PreFilter), sorted: they decide which events wake the pod."""
        if self.filtering is None:
            return ()
        preparation = self.filtering.preparation
        if preparation.rejection is not None:
            return (preparation.rejection[0],)
        names = set(preparation.shortlisted_by)
        if self.search is not None:
            names |= {plugin for plugin, _, _ in self.filtering.groups(self.search.rejected)}
        return tuple(sorted(names))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A Reserve plugin did not allot what a chosen node should give.

    Parameters
    ----------
    plugin : str
    status : Status
    """

    plugin: str
    status: Status


class SchedulingCycle:
    """Decides pods one by one over a cluster.

    Parameters
    ----------
    cluster : Cluster
        Read by `decide`, changed by `commit`.
    profiles : Mapping[str, Profile]
        By scheduler name.
    tie_breaker : TieBreaker
    generator : numpy.random.Generator, optional
        For policies that draw.
    score_single : bool
        Score also when only one node is feasible. kube-scheduler does not; explanations and recordings want the scores.
    preemption : bool
        Run the PostFilter plugins for pods that fit nowhere.

    Attributes
    ----------
    nominated : NominatedPods
        Pods that are nominated to a node and not bound, by node. Whoever keeps the nominations sets it.
    now : datetime or None
        The present, for pods without a start time.
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
    ) -> None:
        self.cluster = cluster
        self.profiles = profiles
        self.next_start = 0
        self.nominated: NominatedPods = {}
        self.now: datetime | None = None
        self._tie_breaker = tie_breaker
        self._generator = generator
        self._score_single = score_single
        self._preemption = preemption

    def decide(self, pod: Pod) -> Decision:
        """Decide where a pod goes, without placing it."""
        nodes = len(self.cluster)
        if nodes == 0:
            return Decision(pod, None, 0, message=NO_NODES, failed=True)
        try:
            return self._decide(pod, self.profile_of(pod))
        except SchedulingError as error:
            return Decision(pod, None, nodes, message=str(error), failed=True)

    def decide_briefly(self, pod: Pod) -> Decision:
        """Decide; how the plugins judged and scored need not be told."""
        return self.decide(pod)

    def profile_of(self, pod: Pod) -> Profile:
        """Return the profile that a pod asks for by its scheduler's name; a pod that names none means the default one."""
        profile = self.profiles.get(pod.spec.scheduler_name or DEFAULT_SCHEDULER_NAME)
        if profile is None:
            raise SchedulingError(
                f'pod "{pod.key}": no profile for scheduler "{pod.spec.scheduler_name}" (accepted: {", ".join(sorted(self.profiles))})'
            )
        return profile

    def commit(self, decision: Decision) -> tuple[Allocation, ...] | Refusal:
        """Assume the decided pod on its node, and allot what it needs beyond sums.

        Returns
        -------
        tuple[Allocation, ...] or Refusal
            A refusal if a Reserve plugin says no; then nothing is changed.
        """
        assert decision.node is not None, "only a decision for a node can be committed"
        row = self.cluster.row_of(decision.node)
        assert row is not None
        bound = replace(decision.pod, spec=replace(decision.pod.spec, node_name=decision.node))
        self.cluster.add_pod(bound, decision.node, pod_class=self.cluster.classes.of(decision.pod))
        allocations: list[Allocation] = []
        for plugin in self.profile_of(decision.pod).reserves:
            answer = self._reserve(plugin, decision.pod, row)
            if isinstance(answer, Status):
                for allocation in reversed(allocations):
                    allocation.undo()
                self.cluster.remove_pod(bound.key)
                return Refusal(plugin.name, answer)
            if answer is not None:
                allocations.append(answer)
        return tuple(allocations)

    def _reserve(self, plugin: Any, pod: Pod, row: int) -> Allocation | Status | None:
        if not isinstance(plugin, RandomReserve):
            allotted: Allocation | Status | None = plugin.reserve(pod, self.cluster, row)
            return allotted
        if self._generator is None:
            raise SchedulingError(f"{plugin.name} draws at random and was given no generator (pass a seed)")  # type: ignore[attr-defined]
        return plugin.reserve_at_random(pod, self.cluster, row, self._generator)

    def _decide(self, pod: Pod, profile: Profile) -> Decision:
        cluster, nodes = self.cluster, len(self.cluster)
        filtering = self._filter(pod, profile)
        preparation = filtering.preparation
        if preparation.rejection is not None:
            return self._failed_cycle(pod, profile, filtering, _NOTHING_SEARCHED)
        nominee = self._nominated_row(pod, filtering)
        if self.nominated:
            apply_nominations(pod, filtering, cluster, profile, self.nominated)
        passed = filtering.verdicts == PASSED
        if nominee is not None and passed[nominee]:
            # A nominated node that fits is taken unseen by scores, and the start of the next search stays.
            found = SearchResult(np.array([nominee], np.intp), _NO_ROWS)
            return self._choose(pod, profile, filtering, found)
        ordered = cluster.rows_in_order()
        if preparation.shortlist is not None:
            ordered = ordered[preparation.shortlist[ordered]]
        to_find = 1 if not profile.scores else feasible_nodes_to_find(len(ordered), profile.percentage_of_nodes_to_score)
        found = search(ordered, passed, start=self.next_start, to_find=to_find)
        if nominee is not None and nominee not in found.rejected:
            # It was judged as well, wherever the search has stopped and whatever a shortlist says.
            found = SearchResult(found.feasible, np.append(found.rejected, nominee))
        self.next_start = (self.next_start + found.evaluated) % nodes
        if len(found.feasible) == 0:
            return self._failed_cycle(pod, profile, filtering, found)
        return self._choose(pod, profile, filtering, found)

    def _filter(self, pod: Pod, profile: Profile) -> Filtering:
        """Judge all rows."""
        return filter_all(prepare(pod, self.cluster, profile), self.cluster, profile)

    def _nominated_row(self, pod: Pod, filtering: Filtering) -> int | None:
        """The row that a pod is nominated to, judged also where a shortlist leaves it out."""
        name = pod.status.nominated_node_name
        row = self.cluster.row_of(name) if name else None
        if row is not None and filtering.verdicts[row] == UNLISTED:
            profile = self.profile_of(pod)
            verdicts, codes = filter_rows(filtering.preparation, profile, self.cluster.rows(np.array([row], np.intp)))
            filtering.verdicts[row], filtering.codes[row] = verdicts[0], codes[0]
        return row

    def _choose(self, pod: Pod, profile: Profile, filtering: Filtering, found: SearchResult) -> Decision:
        rows, scoring = found.feasible, None
        winner = int(rows[0])
        if len(rows) > 1 or self._score_single:
            scoring = score(pod, self.cluster, profile, rows, self._generator)
            winner = int(rows[self._tie_breaker.choose(self.cluster, rows, scoring.totals)])
        return Decision(pod, self.cluster.node(winner).name, len(self.cluster), filtering, found, scoring)

    def _failed_cycle(self, pod: Pod, profile: Profile, filtering: Filtering, found: SearchResult) -> Decision:
        cluster, nodes = self.cluster, len(self.cluster)
        outcome = None
        if self._preemption:
            failed = FailedCycle(
                cluster=cluster,
                pre_filter_rejection=filtering.preparation.rejection,
                rejected=found.rejected,
                status=lambda row: filtering.status(row)[1],
                helps=filtering.is_resolvable,
                dry_run=lambda row: dry_run(pod, filtering.preparation, cluster, profile, row, self.nominated),
                pre_filters=tuple(plugin.name for plugin in profile.pre_filters),
                now=self.now,
                generator=self._generator,
            )
            outcome = run_post_filters(pod, profile, failed)
        message = fit_error(filtering, found.rejected, nodes, None if outcome is None else outcome.message)
        return Decision(pod, None, nodes, filtering, found, message=message, post_filter=outcome)


_NO_ROWS: NDArray[np.intp] = np.zeros(0, np.intp)
_NOTHING_SEARCHED = SearchResult(_NO_ROWS, _NO_ROWS)
