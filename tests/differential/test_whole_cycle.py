"""The whole scheduling cycle against `plain`, a second implementation on JSON that computes everything anew for each pod and node."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plain.cycle import expected_results
from plain.events import timeline
from plain.samples import sequence
from plain.scenarios import scenario
from plain.sequence import expected_sequence
from plain.timeline import expected_timeline

from binpack.conformance.decisions import compare, nominated_pods
from binpack.conformance.scenario import Scenario
from binpack.conformance.sequence import run_sequence
from binpack.conformance.timeline import run_timeline
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker

REGISTRY = Registry(in_tree())
SEEDS = st.integers(0, 2**32 - 1)
MIXES = (
    None,
    {"resources", "config"},
    {"nodeaffinity", "taints", "config"},
    {"interpod", "spread"},
    {"interpod", "nominated"},
    {"spread", "taints", "config"},
    {"ports", "images", "config"},
    {"volumes", "preemption"},
    {"preemption", "interpod", "nominated"},
    {"preemption", "spread", "ports"},
)


def disagreements(record):
    """Decide the pending pods, following the twin, and tell what differs."""
    recorded = Scenario("drawn", "mixed", record)
    cluster = recorded.cluster()
    profiles = {name: replace(profile, percentage_of_nodes_to_score=100) for name, profile in recorded.profiles(REGISTRY).items()}
    preemption = bool(record.get("preemption"))
    cycle = SchedulingCycle(cluster, profiles, tie_breaker=TieBreaker(), score_single=True, preemption=preemption)
    cycle.nominated = nominated_pods(recorded)
    for pod, expected in zip(recorded.pods("pending"), expected_results(record), strict=True):
        decision = cycle.decide(pod)
        if "error" in expected:
            yield from () if decision.failed else [f"{pod.key}: {expected}, ours {decision.message}"]
            continue
        differences = compare(expected, decision, cluster)
        if "preFilter" in expected and expected["preFilter"]["reasons"] == ["parsing pod: …"]:
            # The twin knows that a selector cannot be parsed, not in which words.
            differences = {key: text for key, text in differences.items() if key not in ("reasons", "message", "postFilter")}
        if differences:
            yield f"{pod.key}: {differences}"
        if "bound" in expected:
            cycle.commit(replace(decision, node=expected["bound"]))


@pytest.mark.parametrize("features", MIXES, ids=lambda features: "any" if features is None else "-".join(sorted(features)))
@given(seed=SEEDS)
def test_decisions(features, seed):
    assert list(disagreements(scenario(random.Random(seed), features))) == []


CACHED = ("resources", "nodeaffinity", "taints", "ports", "interpod", "spread", "images")


def again(record):
    """The same pods three times under other names, so that cached answers are asked for."""
    pending = []
    for number in range(3):
        for pod in record["pending"]:
            pending.append(pod | {"metadata": pod["metadata"] | {"name": f"{pod['metadata']['name']}-{number}"}})
    return record | {"pending": pending}


KERNELS = [False, pytest.param(True, marks=pytest.mark.skipif(not has_numba(), reason="needs numba"))]


def cached_setting(seed, *, kernels):
    """A cycle with cached answers, the pods that wait, and where the twin puts them. Both score a node that is the only one."""
    rnd = random.Random(seed)
    record = again(scenario(rnd, {feature for feature in CACHED if rnd.random() < 0.3}))
    recorded = Scenario("drawn", "mixed", record)
    profiles = recorded.profiles(REGISTRY)
    cycle = CachedCycle(recorded.cluster(), profiles, tie_breaker=TieBreaker(), kernels=kernels, score_single=True)
    return cycle, recorded.pods("pending"), [expected.get("bound") for expected in expected_results(record)]


@pytest.mark.parametrize("kernels", KERNELS)
@given(seed=SEEDS)
# A constraint whose scores Python works out begins to count while a kernel decides.
@example(seed=248)
# The only feasible node cannot be scored.
@example(seed=144)
# A label is read for the first time while numpy scores the very pod that carries it.
@example(seed=2_647_758_261)
def test_cached_decisions(kernels, seed):
    cycle, pods, expected = cached_setting(seed, kernels=kernels)
    for pod, node in zip(pods, expected, strict=True):
        assert cycle.place(pod).node == node, pod.key


@pytest.mark.parametrize("kernels", KERNELS)
@given(seed=SEEDS)
# Pods that kernels placed before in the same call are counted, too.
@example(seed=12)
@example(seed=322)
def test_ticks(kernels, seed):
    cycle, pods, expected = cached_setting(seed, kernels=kernels)
    assert [outcome.node for outcome in cycle.decide_tick(list(pods))] == expected


@given(seed=SEEDS)
def test_timelines(seed):
    record = timeline(random.Random(seed))
    record["expected"] = expected_timeline(record)
    found = run_timeline(Scenario("drawn", "timeline", record), REGISTRY)
    assert [comparison for comparison in found if comparison.differences] == []


@given(seed=SEEDS)
def test_sequences(seed):
    record = sequence(random.Random(seed), most_pending=5)
    record["expected"] = {"sequence": expected_sequence(record)}
    found = run_sequence(Scenario("drawn", "sequence", record), REGISTRY)
    assert [comparison for comparison in found if comparison.differences] == []
