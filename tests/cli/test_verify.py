"""`binpack verify`: exit 0 for what is true, 1 for what is false or weaker, 2 for what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from binpack.testing import node, pod


@pytest.fixture
def cluster(dump):
    return dump(
        *[node(f"n{i}").cpu("4").zone("a") for i in range(3)],
        node("tainted").cpu("4").taint("gpu", "true"),
        *[pod(f"p{i}").request(cpu="1").owner("ReplicaSet", "web").on(f"n{i}") for i in range(3)],
        pod("agent").request(cpu="100m").owner("DaemonSet", "agent").on("n0"),
    )


@pytest.fixture
def proof(binpack, cluster, tmp_path):
    path = tmp_path / "proof.json"
    assert binpack("optimize", "--cluster", cluster, "--deterministic-limit", "1", "--certificate", path).code == 0
    return path


def change(path, what):
    document = json.loads(path.read_text())
    what(document)
    path.write_text(json.dumps(document))


def test_a_true_one(binpack, proof, cluster):
    ran = binpack("verify", proof, "--cluster", cluster)
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "Verified: optimal, on the integers of the instance and on the objects of the cluster.",
        "  nodes: 1, optimal (proof: sum)",
    ]
    document = binpack("verify", proof, "--json").json
    assert list(document) == ["verified", "optimal", "kind", "problems", "levels", "onCluster", "digest", "notes"]
    assert (document["verified"], document["optimal"], document["kind"], document["onCluster"]) == (True, True, "sum", False)


def test_a_bound_that_is_too_good(binpack, proof):
    change(proof, lambda d: d["levels"][0]["bound"].__setitem__("value", 2))
    ran = binpack("verify", proof)
    assert ran.code == 1
    assert "REJECTED: levels[0] (nodes): states the bound 2, the proof gives 1" in ran.out


def test_a_solvers_word_is_claimed_not_proven(binpack, proof):
    def claim(document):
        level = document["levels"][0]
        level["bound"], level["claimed"] = None, {"solver": "CP-SAT", "value": 1}
        document["status"], document["kind"] = "feasible", "claimed"

    change(proof, claim)
    ran = binpack("verify", proof)
    assert ran.code == 0
    assert "nodes: 1, claimed >= 1 (a solver's word, not proven)" in ran.out
    assert not binpack("verify", proof, "--json").json["optimal"]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda d: d["pods"].__setitem__("default/p0", "tainted"), "taints: pod default/p0 on node tainted"),
        (lambda d: d["pods"].__setitem__("default/p9", "n0"), "the cluster has no pod default/p9"),
        (lambda d: d["pods"].__setitem__("default/p1", "nowhere"), "the cluster has no node nowhere"),
        (lambda d: d["pods"].pop("default/p1"), "names 2 pods, the placement by classes has 3"),
    ],
)
def test_a_placement_that_is_none_of_this_cluster(binpack, proof, cluster, what, message):
    change(proof, what)
    assert binpack("verify", proof).code == 0
    ran = binpack("verify", proof, "--cluster", cluster)
    assert ran.code == 1
    assert message in ran.out


def test_another_cluster(binpack, proof, dump):
    smaller = dump(
        node("n0").cpu("2"),
        node("n1").cpu("2"),
        node("n2").cpu("2"),
        node("tainted").cpu("2").taint("gpu", "true"),
        *[pod(f"p{i}").request(cpu="1").owner("ReplicaSet", "web").on(f"n{i}") for i in range(3)],
        name="smaller.json",
    )
    ran = binpack("verify", proof, "--cluster", smaller)
    assert ran.code == 1
    assert "instance.capacity[0]: 3 of cpu in units of 1000, node n0 of this class offers 2" in ran.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "schema: not a certificate"),
        ('{"schema": "binpack/certificate", "version": 9}', "version: 9 is not known"),
        ('{"schema": "binpack/certificate", "version": 1}', "instance: missing"),
    ],
)
def test_what_cannot_be_read(binpack, file, text, message):
    ran = binpack("verify", file("bad.json", text))
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_is_not_there(binpack, tmp_path):
    ran = binpack("verify", tmp_path / "none.json")
    assert ran.code == 2
    assert "cannot be read, no such file" in ran.err


def test_neither_numpy_nor_a_solver_nor_the_builder_is_loaded(proof, cluster):
    """As a user would run it: in a process of its own."""
    code = (
        "import sys; from binpack.cli.main import run; "
        f"code = run(['verify', {str(proof)!r}, '--cluster', {str(cluster)!r}]); "
        "bad = [m for m in sys.modules if m in ('numpy', 'ortools', 'highspy', 'binpack.optimal.build', 'binpack.optimal.problem')]; "
        "print(code, bad)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
