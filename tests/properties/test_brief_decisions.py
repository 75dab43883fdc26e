"""A decision from the cache that tells all totals, for those who want to know what came second: the same as the plain one's."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binpack.scheduler.cached_cycle import CachedCycle, Outcome
from binpack.scheduler.cycle import Decision, Refusal, SchedulingCycle
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.testing.churn import Churn, Step
from binpack.testing.churn_configurations import churn_configurations

STEPS = 12


class Brief(CachedCycle):
    """Places the pods of a tick by decisions that tell their totals."""

    def decide_tick(self, pods, *, stop_at_rejection=False):  # type: ignore[no-untyped-def]
        return [self._briefly(pod) for pod in pods]

    def _briefly(self, pod):  # type: ignore[no-untyped-def]
        decision = self.decide_briefly(pod)
        if decision.node is not None and isinstance(self.commit(decision), Refusal):
            return Outcome(pod, None, decision)
        return Outcome(pod, decision.node, decision)


class Plain(Brief):
    """The same by plain decisions."""

    def decide_briefly(self, pod):  # type: ignore[no-untyped-def]
        return SchedulingCycle.decide_briefly(self, pod)


class Told(Churn):
    """Compares whole decisions."""

    def _tick(self) -> Step:
        pods = self._pods(int(self._draw.integers(1, 13)))
        outcomes = [cycle.decide_tick(pods) for cycle in self.cycles]
        self.bound |= {outcome.pod.key: outcome.node for outcome in outcomes[0] if outcome.node is not None}
        return Step("tick", tuple(tuple(map(told, each)) for each in outcomes))


def told(outcome: Outcome) -> tuple[object, ...]:
    decision = outcome.decision
    assert isinstance(decision, Decision)
    rejected = [] if decision.search is None else decision.search.rejected.tolist()
    scoring = decision.scoring
    totals = None if scoring is None else (scoring.rows.tolist(), scoring.totals.tolist())
    return decision.node, decision.nodes, decision.feasible.tolist(), rejected, totals, decision.message, decision.failed


@given(ties=st.sampled_from(Ties), seed=st.integers(0, 2**32), percentage=st.sampled_from([100, 30]))
def test_brief_decisions_tell_what_plain_ones_tell(ties: Ties, seed: int, percentage: int) -> None:
    configurations = [
        {name: replace(profile, percentage_of_nodes_to_score=percentage) for name, profile in profiles.items()}
        for profiles in churn_configurations()
    ]
    breakers = [TieBreaker(ties, np.random.default_rng(1)) for _ in range(2)]
    cycles = [
        Plain(Cluster(), configurations[0], tie_breaker=breakers[0], cache=False),
        Brief(Cluster(), configurations[0], tie_breaker=breakers[1]),
    ]
    churn = Told(cycles, seed, configurations=configurations)
    with patch("binpack.scheduler.search.MIN_FEASIBLE_NODES", 2):
        for number in range(STEPS):
            step = churn.step()
            for answer in step.answers[1:]:
                assert answer == step.answers[0], f"step {number}: {step.name}"
            assert cycles[0].next_start == cycles[1].next_start
    assert cycles[0].counters.decisions == 0
