"""A plan of moves on the objects of the cluster: step by step, wave by wave, with its budgets."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from binpack.api.solving import plan_moves
from binpack.errors import CertificateError
from binpack.model.kinds import KubernetesObject
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.optimal.verify import verify
from binpack.optimal.verify_cluster import check_on_cluster
from binpack.testing import ZONE, node, pod


def budget(allowed: int) -> PodDisruptionBudget:
    return PodDisruptionBudget(
        metadata=ObjectMeta(name="web", namespace="default"),
        spec=PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": "web"}), min_available=1),
        status=PodDisruptionBudgetStatus(observed_generation=1, expected_pods=4, disruptions_allowed=allowed),
    )


def cluster(allowed: int = 1) -> list[KubernetesObject]:
    """Five nodes; two replicas on the first, one on each of the next two, so that freeing them takes waves; a pod that never moves."""
    nodes = [node(f"n{i}").cpu("4") for i in range(5)]
    places = ("n0", "n0", "n1", "n2")
    held = [pod(f"w{i}").label(app="web").request(cpu="1").owner("ReplicaSet", "web").on(place) for i, place in enumerate(places)]
    held += [pod("agent").request(cpu="100m").owner("DaemonSet", "agent").on("n1"), pod("bare").request(cpu="1").on("n4")]
    return [*(one.build() for one in (*nodes, *held)), budget(allowed)]


def proof(target: int = 2, allowed: int = 1) -> dict[str, Any]:
    plan = plan_moves(cluster(allowed), target_nodes=target, deterministic_limit=1.0)
    document: dict[str, Any] = json.loads(json.dumps(plan.certificate()))
    assert document["steps"]
    return document


def test_a_true_plan() -> None:
    document = proof()
    assert verify(document).verified
    found = check_on_cluster(document, cluster())
    assert found.problems == ()
    assert [step[0] for step in document["steps"]] == [1, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["steps"][1].__setitem__(0, 1), "wave 1 evicts 2 pods of default/web, it allows 1 at once"),
        (lambda d: d["steps"].pop(), "they do not lead to the placement by classes"),
        (lambda d: d["steps"][0].__setitem__(2, "n4"), "is not on n4, but on"),
        (lambda d: d["steps"][0].__setitem__(1, "default/w9"), "the cluster has no pod default/w9"),
        (lambda d: d["steps"][0].__setitem__(3, "n9"), "the cluster has no node n9"),
        (lambda d: d["steps"][0].__setitem__(3, "n3"), "they do not lead to the placement by classes"),
        (lambda d: d["steps"].clear(), "they do not lead to the placement by classes"),
        (lambda d: next(kind for kind in d["today"] if kind[2])[2].clear(), "today: nodes do not hold what the objects say"),
        (lambda d: d["instance"]["cost"].__setitem__(0, 1 - d["instance"]["cost"][0]), "instance.cost[0]"),
    ],
)
def test_what_is_false_is_named(change: Any, message: str) -> None:
    document = proof()
    change(document)
    assert message in " ".join(check_on_cluster(document, cluster()).problems)


def test_another_budget() -> None:
    document = proof(allowed=2)
    assert check_on_cluster(document, cluster(2)).problems == ()
    assert "it allows 1 at once" in " ".join(check_on_cluster(document, cluster(1)).problems)


def test_two_budgets_are_none() -> None:
    document = proof()
    second = budget(1)
    objects = [
        *cluster(),
        PodDisruptionBudget(metadata=ObjectMeta(name="more", namespace="default"), spec=second.spec, status=second.status),
    ]
    assert "which the eviction API refuses" in " ".join(check_on_cluster(document, objects).problems)


def two_that_swap() -> tuple[list[KubernetesObject], dict[str, Any]]:
    """A certificate by hand: two moves in one wave, of which one needs the room that the other leaves."""
    nodes = [node("a").cpu("2"), node("b").cpu("2"), node("c").cpu("2")]
    held = [pod("one").request(cpu="2").owner("ReplicaSet", "r").on("a"), pod("two").request(cpu="2").owner("ReplicaSet", "r").on("b")]
    document = {
        "goal": "moves",
        "instance": {"demand": [2], "supply": [3], "size": [[1, 1]], "capacity": [[1, 2]], "tier": [0], "limit": [[2]], "cost": [1]}
        | {"exclusions": [], "spreads": [], "caps": []},
        "steps": [[1, "default/two", "b", "c"], [1, "default/one", "a", "b"]],
    }
    return [one.build() for one in (*nodes, *held)], document


def test_a_wave_counts_on_no_room_that_it_makes_itself() -> None:
    objects, document = two_that_swap()
    assert "capacity: node b" in " ".join(check_on_cluster(document, objects).problems)
    document["steps"][1][0] = 2
    assert check_on_cluster(document, objects).problems == ()


@pytest.mark.parametrize("steps", [None, [1], [[1, "p", "a"]], [["1", "p", "a", "b"]], [[2, "p", "a", "b"], [1, "p", "a", "b"]]])
def test_steps_that_are_none(steps: Any) -> None:
    document = proof()
    document["steps"] = steps
    with pytest.raises(CertificateError, match="steps"):
        check_on_cluster(document, cluster())


def test_so_few_nodes_do_not_do() -> None:
    plan = plan_moves(cluster(), target_nodes=1, deterministic_limit=1.0)
    document = json.loads(json.dumps({**plan.certificate(), "kind": "moves"}))
    assert document["status"] == "infeasible"
    assert check_on_cluster(document, cluster()).problems == ()


@pytest.mark.parametrize("seed", range(5))
def test_plans_that_are_made_are_accepted(seed: int) -> None:
    """Random clusters with zones, anti-affinity, spread, ports and budgets, and a pod that waits."""
    generator = np.random.default_rng(seed)
    count = 8
    objects: list[Any] = [node(f"n{i}").cpu("24").pods(12).zone("abc"[i % 3]).build() for i in range(count)]
    kinds = [
        lambda one: one,
        lambda one: one.apart_from({"app": one.draft.metadata.labels["app"]}),
        lambda one: one.spread(ZONE),
        lambda one: one.host_port(8080),
    ]
    for app in range(6):
        cpu, rule = int(generator.integers(1, 5)), kinds[app % 4]
        places = generator.permutation(count)[: int(generator.integers(2, 5))].tolist()
        for number, place in enumerate(places):
            one = pod(f"w{app}-{number}").label(app=f"w{app}").request(cpu=str(cpu)).owner("ReplicaSet", f"w{app}")
            objects.append(rule(one).on(f"n{place}").build())
    objects.append(pod("waits").request(cpu="2").build())
    spec = PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": "w0"}), max_unavailable=1)
    status = PodDisruptionBudgetStatus(observed_generation=1, expected_pods=4, disruptions_allowed=1)
    objects.append(PodDisruptionBudget(metadata=ObjectMeta(name="w0", namespace="default"), spec=spec, status=status))
    plan = plan_moves(objects, target_nodes="min+1", deterministic_limit=0.5)
    document = json.loads(json.dumps(plan.certificate()))
    assert verify(document).problems == ()
    found = check_on_cluster(document, objects)
    assert found.problems == ()
    assert not [note for note in found.notes if "rules between pods" in note]
