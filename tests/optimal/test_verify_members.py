"""Is the instance of a certificate that of the dump? What is not is named, what cannot be judged is noted."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from binpack.api.solving import optimize
from binpack.errors import CertificateError
from binpack.model.kinds import KubernetesObject
from binpack.optimal.verify import verify
from binpack.optimal.verify_cluster import check_on_cluster
from binpack.testing import node, pod


def cluster() -> list[KubernetesObject]:
    """Two types of nodes, one of them tainted; pods of two sizes and priorities, a DaemonSet's pod, and one that waits."""
    nodes = [*(node(f"n{i}").cpu("4").memory("8Gi") for i in range(3)), node("gpu").cpu("8").memory("8Gi").taint("gpu", "true")]
    held = [pod(f"a{i}").request(cpu="1", memory="1Gi").owner("ReplicaSet", "a").on(f"n{i}") for i in range(3)]
    held += [pod("b").request(cpu="1500m").priority(5).owner("ReplicaSet", "b").on("n0")]
    held += [pod("agent").request(cpu="200m", memory="100Mi").owner("DaemonSet", "agent").on("n0")]
    return [one.build() for one in (*nodes, *held, pod("new").request(cpu="500m"))]


def proof(objective: Any = "nodes") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(optimize(cluster(), objective=objective, deterministic_limit=1.0).certificate()))
    return document


@pytest.mark.parametrize("objective", ["nodes", "priority"])
def test_a_true_one(objective: str) -> None:
    document = proof(objective)
    assert verify(document).verified
    found = check_on_cluster(document, cluster())
    assert found.problems == ()
    assert found.notes == ("1 pods of the cluster are no part of the question, as default/agent",)


def without(name: str) -> list[KubernetesObject]:
    return [one for one in cluster() if one.metadata.name != name]


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (without("new"), "the cluster has no pod default/new"),
        (without("n2"), "the cluster has no node n2"),
        ([*cluster(), node("n9").cpu("4").build()], "node n9 is left out"),
        ([*without("new"), pod("new").request(cpu="600m").build()], "500 of cpu, pod default/new of this class asks for 600"),
        ([*without("n2"), node("n2").cpu("3").memory("8Gi").build()], "node n2 of this class offers 6"),
        ([*without("agent"), pod("agent").request(cpu="1").on("n0").build()], "node n0 of this class offers 6"),
        ([*without("new"), pod("new").request(cpu="500m").priority(5).build()], "tiers and priorities do not go together"),
    ],
)
def test_another_cluster(objects: list[KubernetesObject], message: str) -> None:
    found = check_on_cluster(proof(), objects)
    assert message in " ".join(found.problems)


def swap(document: dict[str, Any]) -> None:
    one, other = document["members"]["pods"][0], document["members"]["pods"][1]
    one[0], other[0] = other[0], one[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap, "of this class asks for"),
        (lambda d: d["names"]["units"].__setitem__(0, 1), "of cpu, pod"),
        (lambda d: d["pods"].__setitem__("default/agent", "n0"), "names 6 pods, the placement by classes has 5"),
        (lambda d: d["instance"]["capacity"][0].__setitem__(0, 1), "instance.capacity[0]: 1 of cpu"),
        (lambda d: d["instance"]["tier"].reverse(), "tiers and priorities"),
    ],
)
def test_a_changed_certificate(change: Any, message: str) -> None:
    document = proof()
    change(document)
    assert message in " ".join(check_on_cluster(document, cluster()).problems)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["members"]["pods"][0].append("default/x"), "members.pods: accepted: as many names"),
        (lambda d: d["members"]["nodes"].pop(), "members.nodes: accepted: as many names"),
        (lambda d: d["members"]["nodes"][0].__setitem__(0, d["members"]["nodes"][-1][0]), "a name is there twice"),
        (lambda d: d["names"]["resources"].remove("pods"), "names.resources"),
    ],
)
def test_what_cannot_be_read(change: Any, message: str) -> None:
    document = copy.deepcopy(proof())
    change(document)
    with pytest.raises(CertificateError) as error:
        check_on_cluster(document, cluster())
    assert message in str(error.value)


def test_a_closed_pair_needs_a_rule() -> None:
    """Without the taint nothing says why the pods should not go there: the bound rests on the instance's word."""
    untainted = [*without("gpu"), node("gpu").cpu("8").memory("8Gi").build()]
    (note, _) = check_on_cluster(proof(), untainted).notes
    assert note.startswith("nodes that do not take some pods for reasons that this check does not know: default/")


def test_without_members_that_is_said() -> None:
    document = proof()
    del document["members"]
    found = check_on_cluster(document, cluster())
    assert found.problems == ()
    assert "does not name the members of its classes" in found.notes[0]
