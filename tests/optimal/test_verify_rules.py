"""Rules between pods that an instance states are looked for in the objects; one that is not there is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from binpack.api.solving import optimize
from binpack.model.kinds import KubernetesObject
from binpack.optimal.verify_cluster import check_on_cluster
from binpack.testing import HOSTNAME, ZONE, PodBuilder, node, pod


def web(name: str, cpu: str = "500m") -> PodBuilder:
    return pod(name).label(app="web").request(cpu=cpu).owner("ReplicaSet", "web")


def other(name: str, cpu: str = "500m") -> PodBuilder:
    """Nobody keeps apart from it: anti-affinity holds both ways, whichever of two pods has the term."""
    return pod(name).request(cpu=cpu).owner("ReplicaSet", "other")


def apart(name: str, cpu: str = "500m") -> PodBuilder:
    return web(name, cpu).apart_from({"app": "web"})


def spread(name: str) -> PodBuilder:
    return web(name).spread(ZONE)


def nodes() -> list[Any]:
    return [node(f"n{i}").cpu("4").zone("ab"[i % 2]) for i in range(4)]


CASES = {
    "one class that keeps apart": [apart(f"p{i}").on(f"n{i}") for i in range(3)],
    "two classes that keep apart": [apart(f"p{i}", f"{i + 1}").on(f"n{i}") for i in range(3)],
    "a port of the host": [web(f"p{i}", f"{i + 1}").host_port(80).on(f"n{i}") for i in range(2)],
    "spread over zones": [*(spread(f"p{i}").on(f"n{i}") for i in range(4)), pod("agent").request(cpu="1").owner("DaemonSet", "d").on("n0")],
    "apart by zone": [web(f"p{i}").apart_from({"app": "web"}, ZONE).on(f"n{i}") for i in range(2)],
    "one side keeps off another": [
        pod("old").label(app="old").request(cpu="1").owner("ReplicaSet", "o").on("n0"),
        web("p0").apart_from({"app": "old"}).on("n1"),
    ],
    "a cordoned node keeps what it has": [*(web(f"p{i}").on("n0") for i in range(2)), web("p2").on("shut")],
}


def cluster(pods: list[PodBuilder]) -> list[KubernetesObject]:
    return [one.build() for one in (*nodes(), node("shut").cpu("4").zone("a").cordon(), *pods)]


def proof(objects: list[KubernetesObject]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(optimize(objects, deterministic_limit=1.0).certificate()))
    return document


def states_a_rule(document: dict[str, Any]) -> bool:
    instance, names = document["instance"], document["names"]["resources"]
    limited = any(0 < limit < pods for limits, pods in zip(instance["limit"], instance["demand"], strict=True) for limit in limits)
    return names[-1] != "pods" or limited or bool(instance["exclusions"] or instance["spreads"] or instance["caps"])


@pytest.mark.parametrize("why", CASES)
def test_rules_of_the_objects_are_recognised(why: str) -> None:
    objects = cluster(CASES[why])
    document = proof(objects)
    assert states_a_rule(document)
    found = check_on_cluster(document, objects)
    assert found.problems == ()
    assert not [note for note in found.notes if "rules between pods" in note]


@pytest.mark.parametrize(
    ("why", "instead", "named"),
    [
        ("one class that keeps apart", other("p1").on("n1"), "limits"),
        ("two classes that keep apart", other("p1", "2").on("n1"), f"anti-affinity over {HOSTNAME}"),
        ("a port of the host", web("p1", "2").host_port(81).on("n1"), "port TCP 80"),
        ("spread over zones", web("p1").on("n1"), "spreads"),
        ("spread over zones", web("p1").spread(ZONE, max_skew=2).on("n1"), "spreads"),
        ("spread over zones", pod("agent").label(app="web").request(cpu="1").owner("DaemonSet", "d").on("n0"), "spreads"),
        ("apart by zone", other("p1").on("n1"), "caps"),
        ("one side keeps off another", web("p0").on("n1"), "exclusions"),
    ],
)
def test_a_rule_that_the_objects_lack_is_named(why: str, instead: PodBuilder, named: str) -> None:
    document = proof(cluster(CASES[why]))
    changed = instead.build()
    objects = [changed if one.metadata.name == changed.metadata.name else one for one in cluster(CASES[why])]
    found = check_on_cluster(document, objects)
    (note,) = [note for note in found.notes if "rules between pods" in note]
    assert named in note


def test_a_limit_that_nobody_stated_is_named() -> None:
    objects = cluster([web(f"p{i}").on(f"n{i}") for i in range(3)])
    document = proof(objects)
    document["instance"]["limit"][0] = [min(limit, 1) for limit in document["instance"]["limit"][0]]
    assert "limits" in " ".join(check_on_cluster(document, objects).notes)
