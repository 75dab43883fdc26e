"""Most of one resource: against brute force, with what must be placed, on clusters, and through the checker."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binpack.errors import CertificateError, ConfigurationError, InfeasibleError
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.optimal.answer import checked_answer
from binpack.optimal.certificate import certificate
from binpack.optimal.legality import violations
from binpack.optimal.methods.naive import optimal_levels
from binpack.optimal.optimize import Optimum, optimize
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.solution import Status
from binpack.optimal.solve import solve
from binpack.optimal.verify import verify
from binpack.optimal.verify_cluster import check_on_cluster
from binpack.optimal.verify_instance import digest_of
from binpack.plugins import in_tree
from binpack.testing import NodeBuilder, PodBuilder, node, pod
from binpack.testing.packing_problems import brute_force, tiny_problems
from binpack.testing.trial import cluster_of

PROFILE: Profile = build_profiles(Registry(in_tree()))["default-scheduler"]


@given(tiny_problems(tiers=2, amounts=True))
def test_against_brute_force(problem: PackingProblem) -> None:
    optimum = brute_force(problem, goal="resource")
    solution = solve(problem, objective="resource", deterministic_limit=1.0)
    answer = checked_answer(certificate(problem, solution))
    if problem.must_place.any() and optimum[0] < problem.rank_demand[0]:
        assert optimal_levels(problem, goal="resource") is None
        assert answer.status in (Status.INFEASIBLE, Status.UNKNOWN)
        return
    assert optimal_levels(problem, goal="resource") == optimum
    assert violations(problem, solution.fills) == []
    assert tuple(level.value for level in solution.levels) == optimum
    for level in solution.levels:
        assert level.proven is None or level.proven >= (level.value or 0)
        assert level.claimed is None or level.claimed >= (level.value or 0)
    assert answer.verified


@given(tiny_problems(tiers=2, amounts=True), st.data())
def test_a_changed_certificate_proves_only_what_is_true(problem: PackingProblem, data: st.DataObject) -> None:
    document: Any = json.loads(json.dumps(certificate(problem, solve(problem, objective="resource", deterministic_limit=1.0))))
    instance = document["instance"]
    part = data.draw(st.sampled_from(["value", "base", "mustPlace", "size", "capacity"]))
    assume(part in instance)
    at: Any = instance
    place: Any = part
    while not isinstance(at[place], int):
        at, place = at[place], data.draw(st.integers(0, len(at[place]) - 1))
    at[place] = 1 - at[place] if part == "mustPlace" else at[place] + data.draw(st.sampled_from([-1, 1]))
    assert not _verified(document), "the digest covers it"
    document["digest"] = digest_of(instance)
    if not _verified(document):
        return
    changed = problem_of(
        **{name: instance[name] for name in ("size", "demand", "capacity", "supply", "tier")},
        limit=np.array(instance["limit"]),
        value=np.array(instance.get("value", [1] * problem.pod_classes)),
        base=instance.get("base", 0),
        must_place=np.array(instance["mustPlace"], bool),
        **{name: getattr(problem, name) for name in ("exclusions", "spreads", "caps")},
    )
    for level, best in zip(verify(document).levels, brute_force(changed, goal="resource"), strict=False):
        assert level.proven is None or level.proven >= best
        if level.value != best:
            break


def _verified(document: Any) -> bool:
    try:
        return verify(document).verified
    except CertificateError:
        return False


@pytest.mark.parametrize("stated", [-1, 1, 1000])
def test_a_stated_value_or_bound_that_is_off(stated: int) -> None:
    problem = problem_of(size=[[3], [2]], demand=[2, 3], capacity=[[4]], supply=[2], value=[3, 2], base=10)
    document: Any = json.loads(json.dumps(certificate(problem, solve(problem, objective="resource"))))
    assert verify(document).optimal
    assert document["levels"][0]["value"] == 17
    wrong = json.loads(json.dumps(document))
    wrong["levels"][0]["value"] += stated
    assert not verify(wrong).verified
    wrong = json.loads(json.dumps(document))
    wrong["levels"][0]["bound"]["value"] += stated
    # A weaker bound than the proof gives holds as well; a stronger one does not.
    assert verify(wrong).verified == (stated > 0)


def test_two_runs_give_the_same_certificate() -> None:
    generator = np.random.default_rng(5)
    size = generator.integers(1, 40, (12, 2))
    problem = problem_of(size=size, demand=[3] * 12, capacity=[[97, 89]], supply=[5], value=size[:, 0])
    one, other = (json.dumps(certificate(problem, solve(problem, objective="resource", seed=3, deterministic_limit=1.0))) for _ in range(2))
    assert one == other


def test_values_that_overflow_are_named() -> None:
    with pytest.raises(InfeasibleError, match=r"value: a total of \d+ does not fit 62 bits"):
        problem_of(size=[[1]], demand=[4], capacity=[[4]], supply=[1], value=[1 << 61])
    with pytest.raises(ValueError, match="value has an entry below 1"):
        problem_of(size=[[1]], demand=[4], capacity=[[4]], supply=[1], value=[0])


def small_node(name: str) -> NodeBuilder:
    return node(name).cpu("4").memory("8Gi").pods(10)


def of(owner: str, name: str, cpu: str | None = None, memory: str | None = None) -> PodBuilder:
    return pod(name).owner("ReplicaSet", owner).request({key: value for key, value in (("cpu", cpu), ("memory", memory)) if value})


def most(resource: str, placed: list[PodBuilder], pending: list[PodBuilder], **options: Any) -> Optimum:
    cluster = cluster_of([small_node("n0"), small_node("n1")], placed)
    waiting = [item.build() for item in pending]
    return optimize(cluster, PROFILE, objective="resource", resource=resource, pending=waiting, deterministic_limit=1.0, **options)


def test_what_runs_and_what_stays_is_counted_and_kept() -> None:
    daemons = [pod(f"agent-{name}").owner("DaemonSet", "agent").request(cpu="500m").on(name) for name in ("n0", "n1")]
    running = [of("web", "web-0", "1").on("n0"), of("web", "web-1", "1").on("n1")]
    found = most("cpu", [*daemons, *running], [of("job", f"job-{n}", "2500m") for n in range(3)])
    assert str(found.answer.status) == "optimal"
    # Of each node's 4 cores the agent has a half; the best is one job beside each web pod.
    assert found.answer.objective == found.answer.bound == (2, 8000)
    assert (found.today.allocated, found.best.allocated) == (3000, 8000)
    assert found.compare_today().value == (2, 3000)
    assert {"default/web-0", "default/web-1"} <= set(found.placement)


def test_a_running_pod_is_never_given_up_for_a_larger_one() -> None:
    found = most("cpu", [of("web", f"web-{n}", "500m").on("n0") for n in range(2)], [of("job", f"job-{n}", "4") for n in range(2)])
    assert found.answer.objective == (2, 5000)
    assert found.best.placed[0] == ("pods that must be placed", 2, 2)


def test_equal_pods_of_which_some_run_are_told_apart() -> None:
    found = most("cpu", [of("web", "web-0", "3").on("n0")], [of("web", f"web-{n}", "3") for n in (1, 2)])
    assert found.answer.objective == (1, 6000)
    assert found.solution.reason == "cpu allocated, milli-cores: no placement holds more than 6000 of 9000 (%s)" % (
        found.solution.levels[1].bound.proof.source if found.solution.levels[1].bound else ""
    )


def test_pods_that_ask_for_none_of_it_come_last() -> None:
    found = most(
        "memory", [], [of("db", "db-0", "1", "8Gi"), of("db", "db-1", "1", "8Gi"), of("web", "web-0", "3"), of("web", "web-1", "4")]
    )
    assert found.answer.objective == (16 << 30, 1)
    assert [name for name, _, _ in found.best.placed] == ["pods that ask for memory", "pods that ask for no memory"]


def test_pods_are_a_resource_too() -> None:
    found = most("pods", [of("web", "web-0", "1").on("n0")], [of("job", "job-0", "4"), *(of("web", f"web-{n}", "1") for n in range(1, 9))])
    assert found.answer.objective == (1, 8)
    assert found.solution.levels[1].name == "pods on nodes"


def test_extended_resources() -> None:
    nodes = [small_node("n0").allocatable({"nvidia.com/gpu": 4}), small_node("n1")]
    waiting = [pod(f"p{n}").owner("Job", "train").request({"nvidia.com/gpu": 3}, cpu="1") for n in range(2)]
    waiting += [pod("q").owner("Job", "infer").request({"nvidia.com/gpu": 1}, cpu="1")]
    found = optimize(
        cluster_of(nodes, []), PROFILE, objective="resource", resource="nvidia.com/gpu", pending=[item.build() for item in waiting]
    )
    assert found.answer.objective == (4,)
    assert found.built.amounts is not None
    assert found.built.amounts.offered == 4


def test_what_waits_and_must_be_placed_but_cannot_be() -> None:
    waiting = [of("db", "db-0", "3"), of("db", "db-1", "3"), of("huge", "huge-0", "5"), of("web", "web-0", "1")]
    found = most("cpu", [], waiting, must_place=lambda item: item.metadata.name.startswith("huge"))
    assert str(found.answer.status) == "infeasible"
    assert "default/huge-0: asks for 5000 of cpu, no eligible node offers more than 4000" in found.solution.reason
    assert str(most("cpu", [], waiting, must_place=lambda item: item.metadata.name.startswith("db")).answer.status) == "optimal"


def test_a_resource_that_nobody_knows() -> None:
    with pytest.raises(ConfigurationError, match=r'resource "nvidia\.com/gpu": no node offers it and no pod asks for it'):
        most("nvidia.com/gpu", [], [of("web", "web-0", "1")])


def test_shares_of_devices_are_no_sum_of_requests() -> None:
    with pytest.raises(ConfigurationError, match="asked for in annotations, which no sum of requests counts"):
        most("alibabacloud.com/gpu-milli", [], [of("web", "web-0", "1")])


def test_nothing_waits() -> None:
    found = most("cpu", [of("web", "web-0", "1").on("n0")], [])
    assert str(found.answer.status) == "optimal"
    assert found.best.allocated == found.today.allocated == 1000


def test_the_certificate_names_pods_and_is_verified() -> None:
    found = most("cpu", [of("web", "web-0", "1").on("n0")], [of("web", f"web-{n}", "2") for n in range(1, 6)])
    document = json.loads(json.dumps(found.certificate()))
    assert verify(document).optimal
    assert replace(found.solution, seconds=0.0).goal == document["goal"] == "resource"


def checked_on_cluster(found: Optimum, placed: list[PodBuilder], pending: list[PodBuilder], **changes: Any) -> list[str]:
    document = json.loads(json.dumps(found.certificate()))
    document["instance"] |= changes
    nodes = [small_node("n0").build(), small_node("n1").build()]
    return list(check_on_cluster(document, [*nodes, *(item.build() for item in (*placed, *pending))]).problems)


def test_amounts_are_added_up_anew_from_the_objects() -> None:
    running, waiting = [of("web", "web-0", "1").on("n0")], [of("web", f"web-{n}", "2") for n in range(1, 6)]
    agents = [pod("agent").owner("DaemonSet", "agent").request(cpu="500m").on("n1")]
    found = most("cpu", [*running, *agents], waiting)
    assert checked_on_cluster(found, [*running, *agents], waiting) == []
    classes = found.problem.pod_classes
    for changes, said in (
        ({"base": 1000}, "instance.base: 1000 of cpu, pods that stay or must be placed hold 1500"),
        ({"value": [5] * classes}, "instance.value"),
        ({"tier": [1] * classes}, "instance.value"),
        ({"mustPlace": [0] * classes}, "instance.mustPlace"),
    ):
        assert any(problem.startswith(said) for problem in checked_on_cluster(found, [*running, *agents], waiting, **changes)), said
