"""Decides one pod from its class's plan, in numpy. Needs no compiler, and is the twin of the kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.plugins.spread_constraints import HOSTNAME
from binpack.scheduler.fast.compile import PlanCompiler
from binpack.scheduler.fast.extras import extra_mask, extra_scores
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.plan import HostTerm, Plan
from binpack.scheduler.scoring import Scoring
from binpack.scheduler.search import SearchResult
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.units import MAX_NODE_SCORE

_NEVER = np.int64(-1)


@dataclass(frozen=True, slots=True)
class NumpyDecision:
    """Decides pods over one cluster.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    compiler : PlanCompiler
        Its slots.
    tie_breaker : TieBreaker
    """

    cluster: Cluster
    profile: Profile
    compiler: PlanCompiler
    tie_breaker: TieBreaker

    def row_for(self, pod: Pod, plan: Plan, start: int, to_find: int) -> tuple[int, int] | None:
        """Return the row that the pod goes to, and how many nodes the search looked at; None if it fits nowhere.

        Parameters
        ----------
        pod : Pod
        plan : Plan
        start : int
            Where the search of the node list begins.
        to_find : int
            How many feasible nodes end it.

        Raises
        ------
        NotCachedError
            If a plugin has more to say than a verdict for each row.
        """
        feasible = self._feasible(pod, plan)
        looked = self._take_sample(feasible, start, to_find)
        rows = np.flatnonzero(feasible)
        if len(rows) <= 1:
            return (int(rows[0]), looked) if len(rows) else None
        rows, totals = self._totals(pod, plan, rows, feasible, start)
        return self._winner(rows, totals, feasible, start), looked

    def ranked(self, pod: Pod, plan: Plan, start: int, to_find: int) -> tuple[int, SearchResult, Scoring | None] | None:
        """Return the row that the pod goes to, and what `search` and `score` give, without the plugins' own scores; None if there is none.

        Parameters and exceptions are those of `row_for`.
        """
        feasible = self._feasible(pod, plan)
        looked = self._take_sample(feasible, start, to_find)
        seen = np.roll(self.cluster.rows_in_order(), -start)[:looked]
        fits = feasible[seen]
        found = SearchResult(seen[fits], seen[~fits])
        if len(found.feasible) <= 1:
            return (int(found.feasible[0]), found, None) if len(found.feasible) else None
        rows, totals = self._totals(pod, plan, np.flatnonzero(feasible), feasible, start)
        by_row = np.zeros(self.cluster.capacity, np.int64)
        by_row[rows] = totals + self._left_out(plan)
        return self._winner(rows, totals, feasible, start), found, Scoring(found.feasible, {}, by_row[found.feasible])

    def _left_out(self, plan: Plan) -> int:
        """What all rows score alike, and is left out of totals: 100 of TaintToleration, and static scores that differ nowhere."""
        statics = self.compiler.statics
        slot = statics.current(plan.static)
        alike = int(statics.worth(slot, np.ones(len(slot.table), np.bool_))[0]) if slot.trivial else 0
        return alike + MAX_NODE_SCORE * statics.weights[0]

    def _feasible(self, pod: Pod, plan: Plan) -> NDArray[np.bool_]:
        """The rows that all filters accept, shape [capacity]."""
        epoch = self.cluster.counts.epoch
        rest = self.compiler.shapes.caught_up(plan.shape)
        feasible: NDArray[np.bool_] = (rest >= 0) & (self.compiler.statics.current(plan.static).codes >= 0)
        self._restrict(pod, plan, feasible)
        if epoch != self.cluster.counts.epoch:
            raise NotCachedError("a plugin has read labels that told no classes apart before: sums have other numbers now")
        return feasible

    def _totals(
        self, pod: Pod, plan: Plan, rows: NDArray[np.intp], feasible: NDArray[np.bool_], start: int
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The totals of feasible rows, less what all score alike; where plugins without cached parts score, in the order of the search."""
        static = self.compiler.statics.current(plan.static)
        totals = self.compiler.shapes.rest[plan.shape].take(rows).astype(np.int64)
        if not static.trivial:
            codes = static.codes.take(rows)
            present = np.bincount(codes, minlength=len(static.table)) > 0
            totals += self.compiler.statics.worth(static, present).take(codes)
        if plan.soft:
            totals += self._weight("PodTopologySpread") * self._spread(plan, rows)
        if plan.prefer or plan.prefer_hosts:
            totals += self._weight("InterPodAffinity") * self._affinity(plan, rows)
        if plan.scores:
            rows, totals = self._extra_scores(pod, plan, rows, totals, feasible, start)
        return rows, totals

    def _take_sample(self, feasible: NDArray[np.bool_], start: int, to_find: int) -> int:
        """Clear the feasible rows beyond those to find, in the order of the search; return how many nodes it looks at."""
        nodes = len(self.cluster)
        if to_find >= nodes:
            return nodes
        ordered = np.roll(self.cluster.rows_in_order(), -start)
        found = np.flatnonzero(feasible[ordered])
        if len(found) <= to_find:
            return nodes
        feasible[ordered[found[to_find:]]] = False
        return int(found[to_find])

    def _restrict(self, pod: Pod, plan: Plan, feasible: NDArray[np.bool_]) -> None:
        """Clear the rows that domains, neighbours or plugins without cached parts rule out."""
        cluster, sums = self.cluster, self.cluster.counts.sums
        for column in plan.clear:
            feasible &= cluster.counts.values[column] == 0
        for hard in plan.hard:
            counts, present = sums.values[hard.sum], sums.present[hard.vector]
            domains = int(np.count_nonzero(present))
            lowest = int(counts[present].min()) if domains and domains >= hard.min_domains else 0
            # No label is the last entry, which code -1 takes; plans are made only where all nodes have it.
            feasible &= _by_domain(counts + (hard.self_match - lowest) <= hard.max_skew, absent=False).take(cluster.label(hard.key))
        for term in plan.repel:
            feasible &= _by_domain(sums.values[term.sum] <= 0, absent=True).take(cluster.label(term.key))
        for host in plan.hard_hosts:
            feasible &= self._by_host(host)
        first = plan.first_of_group and not any(sums.values[term.sum].any() for term in plan.attract)
        if plan.near is not None:
            near = cluster.counts.values[plan.near]
            first = first and not near.any()
            feasible &= np.True_ if first else near > 0
        for term in plan.attract:
            accepted = np.ones(sums.values.shape[1], np.bool_) if first else sums.values[term.sum] > 0
            feasible &= _by_domain(accepted, absent=False).take(cluster.label(term.key))
        if plan.filters:
            feasible &= extra_mask(plan, pod, cluster)

    def _by_host(self, host: HostTerm) -> NDArray[np.bool_]:
        """Judge each row by a hard constraint by hostname; rows that do not count have no pods."""
        counts = self.cluster.counts.values[host.column]
        included = self.cluster.active
        if host.vector is not None:
            included = self.cluster.counts.sums.vectors[host.vector] >= 0
            counts = np.where(included, counts, 0)
        domains = int(np.count_nonzero(included))
        lowest = int(counts[included].min()) if domains and domains >= host.min_domains else 0
        accepted: NDArray[np.bool_] = counts + (host.self_match - lowest) <= host.max_skew
        return accepted

    def _spread(self, plan: Plan, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Score the soft constraints. Rows that lack a topology key get 0, if the constraints are the pod's own."""
        if plan.soft_keys:
            scored = np.logical_and.reduce([self.cluster.label(key).take(rows) >= 0 for key in plan.soft_keys])
            if not scored.all():
                scores = np.zeros(len(rows), np.int64)
                if scored.any():
                    scores[scored] = self._spread_of(plan, rows[scored])
                return scores
        return self._spread_of(plan, rows)

    def _spread_of(self, plan: Plan, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Score the soft constraints; float by float as the plugin does."""
        if len(plan.soft) == 2 and plan.soft_everywhere and (plan.soft[0].key is None) != (plan.soft[1].key is None):
            found = self._spread_by_level(plan, rows)
            if found is not None:
                return found
        cluster, sums = self.cluster, self.cluster.counts.sums
        total = np.zeros(len(rows), np.float64)
        for term in plan.soft:
            if term.key is None:
                part = cluster.counts.values[term.number].take(rows) * math.log(len(rows) + 2) + term.added
                total += part if plan.soft_everywhere else np.where(cluster.label(HOSTNAME).take(rows) >= 0, part, 0.0)
            else:
                codes = cluster.label(term.key).take(rows)
                # Rows without the label are one domain more, in which nothing is counted.
                domains = int(np.count_nonzero(np.bincount(codes + 1)))
                part = sums.values[term.number].astype(np.float64) * math.log(domains + 2) + term.added
                total += np.append(part, 0.0).take(codes)
        return _normalized((total + 0.5).astype(np.int64))

    def _spread_by_level(self, plan: Plan, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
        """Score a soft constraint by hostname and one by domain, as nearly all pods have them, where each row has both labels.

        There are few pairs of a domain and a number of pods on the host: those are scored, and rows look theirs up. None if there are
        many.
        """
        cluster, sums = self.cluster, self.cluster.counts.sums
        pods = cluster.counts.values[next(term.number for term in plan.soft if term.key is None)].take(rows)
        by_domain = next(term for term in plan.soft if term.key is not None)
        assert by_domain.key is not None
        domains, levels = len(cluster.label_values(by_domain.key)), int(pods.max()) + 1
        if domains * levels > len(rows):
            return None
        pairs = cluster.label(by_domain.key).take(rows) * np.int32(levels) + pods
        there = np.bincount(pairs, minlength=domains * levels) > 0
        many = int(np.count_nonzero(there.reshape(domains, levels).any(axis=1)))
        total: NDArray[np.float64] = np.zeros((domains, levels), np.float64)
        for term in plan.soft:
            if term.key is None:
                total += np.arange(levels) * math.log(len(rows) + 2) + term.added
            else:
                total += (sums.values[term.number, :domains].astype(np.float64) * math.log(many + 2) + term.added)[:, np.newaxis]
        scores = np.zeros(domains * levels, np.int64)
        scores[there] = _normalized((total.reshape(-1)[there] + 0.5).astype(np.int64))
        found: NDArray[np.int64] = scores.take(pairs)
        return found

    def _affinity(self, plan: Plan, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        raw = np.zeros(len(rows), np.int64)
        for term in plan.prefer:
            by_domain = np.append(self.cluster.counts.sums.values[term.sum] * term.factor, 0)
            raw += by_domain.take(self.cluster.label(term.key).take(rows))
        for column, factor in plan.prefer_hosts:
            raw += self.cluster.counts.values[column].take(rows).astype(np.int64) * factor
        lowest, highest = int(raw.min()), int(raw.max())
        if highest == lowest:
            return np.zeros_like(raw)
        return (float(MAX_NODE_SCORE) * ((raw - lowest) / (highest - lowest))).astype(np.int64)

    def _extra_scores(
        self, pod: Pod, plan: Plan, rows: NDArray[np.intp], totals: NDArray[np.int64], feasible: NDArray[np.bool_], start: int
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Add what plugins without cached parts score; they see the feasible rows in the order of the search."""
        by_row = np.zeros(self.cluster.capacity, np.int64)
        by_row[rows] = totals
        ordered = self._in_order(feasible, start)
        return ordered, by_row[ordered] + extra_scores(plan, pod, self.cluster, ordered)

    def _winner(self, rows: NDArray[np.intp], totals: NDArray[np.int64], feasible: NDArray[np.bool_], start: int) -> int:
        best = np.flatnonzero(totals == totals.max())
        if len(best) == 1:
            return int(rows[best[0]])
        if self.tie_breaker.ties in (Ties.KUBE, Ties.RANK):
            by_row = np.full(self.cluster.capacity, _NEVER)
            by_row[rows] = totals
            rows = self._in_order(feasible, start)
            totals = by_row[rows]
        else:
            rows, totals = rows[best], totals[best]
        return int(rows[self.tie_breaker.choose(self.cluster, rows, totals)])

    def _in_order(self, feasible: NDArray[np.bool_], start: int) -> NDArray[np.intp]:
        """The feasible rows as the search finds them."""
        ordered = np.roll(self.cluster.rows_in_order(), -start)
        return ordered[feasible[ordered]]

    def _weight(self, name: str) -> int:
        return next(weight for plugin, weight in self.profile.scores if plugin.name == name)


def _normalized(raw: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn raw spread scores round: fewer pods, higher score."""
    highest, lowest = int(raw.max()), int(raw.min())
    if highest == 0:
        return np.full(len(raw), MAX_NODE_SCORE, np.int64)
    if highest - lowest < len(raw):
        levels = MAX_NODE_SCORE * (highest - np.arange(highest - lowest + 1)) // highest
        return levels.take(raw - lowest)
    return MAX_NODE_SCORE * (highest + lowest - raw) // highest


def _by_domain(accepted: NDArray[np.bool_], *, absent: bool) -> NDArray[np.bool_]:
    """Append the verdict on rows without the label, which code -1 takes."""
    return np.append(accepted, absent)
