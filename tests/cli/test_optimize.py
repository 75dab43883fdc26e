"""`binpack optimize`: where the cluster is, how good it could be, and the proof."""

from __future__ import annotations

import csv
import io
import json

import pytest

import binpack as bp
from binpack.optimal.migration.curve import MOVES_CURVE
from binpack.results.tables import Table
from binpack.testing import node, pod

HEAD = ["status", "objective", "bound", "gap", "seconds", "method", "repeatable", "certificate", "baselines", "interrupted"]
KEYS = [
    *HEAD,
    "goal",
    "levels",
    "costUnit",
    "resource",
    "today",
    "best",
    "reason",
    "moves",
    "placement",
    "stays",
    "closedNodes",
    "relaxed",
    "rejected",
    "digest",
    "shortages",
]
LEVEL_KEYS = ["name", "sense", "value", "bound", "optimal", "gap", "proof", "claimed", "kind"]
"""As docs/reference/json-output.md lists them."""


@pytest.fixture
def scattered(dump):
    """Four nodes of two types with one small pod each, a DaemonSet's pod, a cordoned node and a pod that waits."""
    return dump(
        *[node(f"n{i}").cpu("4").instance_type("large" if i else "small").zone("a") for i in range(4)],
        node("closed").cordon().instance_type("large"),
        *[pod(f"p{i}").request(cpu="1").owner("ReplicaSet", "web").on(f"n{i}") for i in range(4)],
        pod("agent").request(cpu="100m").owner("DaemonSet", "agent").on("n3"),
        pod("waits").request(cpu="500m"),
    )


def test_the_text_says_what_is_optimal_and_why(binpack, scattered):
    ran = binpack("optimize", "--cluster", scattered)
    assert ran.code == 0
    told = " ".join(ran.out.split())
    assert "Today 4 nodes in use, 4 of 5 pods placed; without a node: 1 of 5 pods of priority 0" in told
    assert "Best 2 nodes in use, 5 of 5 pods placed" in told
    assert "Proof nodes: 2 is optimal, by" in told
    assert "Fixed 1 pods stay as they are: 1 (DaemonSet)" in told
    assert "Closed 1 nodes take no new pods: 1 cordoned" in told
    assert max(map(len, ran.out.splitlines())) <= 100


def test_json_has_the_documented_keys(binpack, scattered):
    document = binpack("optimize", "--cluster", scattered, "--json").json
    assert list(document) == KEYS
    assert [list(level) for level in document["levels"]] == [LEVEL_KEYS]
    assert (document["status"], document["gap"], document["best"]["nodes"]) == ("optimal", 0.0, 2)
    assert {move["pod"] for move in document["moves"]} <= set(document["placement"])
    assert (document["objective"], document["bound"], document["repeatable"]) == (2, 2, True)
    assert document["certificate"] == {"kind": "sum", "verified": True}
    assert [baseline["name"] for baseline in document["baselines"]] == ["today"]
    assert document["stays"] == [{"pod": "default/agent", "node": "n3", "reason": "DaemonSet"}]


def test_moves_as_csv(binpack, scattered):
    rows = list(csv.DictReader(io.StringIO(binpack("optimize", "--cluster", scattered, "-o", "csv").out)))
    assert list(rows[0]) == ["pod", "from", "to"]
    assert [row["from"] for row in rows if row["pod"] == "default/waits"] == [""]
    assert "POD" in binpack("optimize", "--cluster", scattered, "-o", "wide").out


def test_the_certificate_can_be_checked(binpack, scattered, tmp_path):
    assert binpack("optimize", "--cluster", scattered, "--certificate", tmp_path / "proof.json").code == 0
    verdict = bp.verify(json.loads((tmp_path / "proof.json").read_text()))
    assert verdict.verified
    assert verdict.optimal


def test_cost_takes_prices_by_instance_type(binpack, scattered, file):
    prices = file("prices.yaml", "small: 0.05\nlarge: 0.2\n")
    command = ("optimize", "--cluster", scattered, "--objective", "cost", "--prices", prices, "--time-limit", "2")
    document = binpack(*command, "--json").json
    assert document["best"]["cost"] == pytest.approx(0.25)
    assert document["today"]["cost"] == pytest.approx(0.65)
    assert "Proof       cost: 0.25" in binpack(*command).out


def test_priority_places_the_most_important_first(binpack, dump):
    cluster = dump(node("n").cpu("2"), pod("low").request(cpu="2"), pod("high").request(cpu="2").priority(9))
    document = binpack("optimize", "--cluster", cluster, "--objective", "priority", "--json").json
    assert document["placement"] == {"default/high": "n"}
    assert [level["name"] for level in document["levels"]] == ["pods of priority 9", "pods of priority 0"]
    assert (document["status"], document["objective"], document["bound"]) == ("optimal", [1, 0], [1, 0])
    assert document["certificate"] == {"kind": "tiers", "verified": True}
    # All pods of the first tier are placed, which counting proves; of the second none has room.
    assert [(level["proof"], level["kind"]) for level in document["levels"]] == [
        ("count of pods that fit a node", "count"),
        ("sum of cpu", "sum"),
    ]


def test_a_pod_that_fits_nowhere_makes_it_infeasible(binpack, dump):
    cluster = dump(node("n").cpu("4"), pod("small").request(cpu="1"), pod("huge").request(cpu="40"))
    ran = binpack("optimize", "--cluster", cluster, "--json")
    assert (ran.code, ran.json["status"], ran.json["objective"], ran.json["bound"]) == (1, "infeasible", None, None)
    assert ran.json["reason"] == "1 pods fit no node: default/huge: asks for 40000 of cpu, no eligible node offers more than 4000"
    assert ran.json["shortages"] == [
        {
            "pod": "default/huge",
            "pods": 1,
            "resource": "cpu",
            "asked": 40000,
            "offered": 4000,
            "reason": "default/huge: asks for 40000 of cpu, no eligible node offers more than 4000",
        }
    ]
    assert ran.json["placement"] == {"default/small": "n"}
    text = binpack("optimize", "--cluster", cluster)
    assert text.code == 1
    assert "Infeasible  not all pods can be placed" in text.out
    # Asked for the most pods there is an answer.
    assert binpack("optimize", "--cluster", cluster, "--objective", "priority", "--json").json["status"] == "optimal"


def test_a_class_without_an_eligible_node_is_named(binpack, dump):
    cluster = dump(node("n").cpu("4"), pod("picky").request(cpu="1").selects(disk="ssd"))
    ran = binpack("optimize", "--cluster", cluster, "--json")
    assert (ran.code, ran.json["status"]) == (1, "infeasible")
    assert "default/picky: no node is eligible (1 nodes)" in ran.json["reason"]
    assert [(one["pod"], one["resource"]) for one in ran.json["shortages"]] == [("default/picky", None)]


def test_pods_that_ask_for_too_much_together(binpack, dump):
    cluster = dump(node("n").cpu("4").memory("8Gi"), *[pod(f"p{i}").request(cpu="1500m", memory="1Gi") for i in range(4)])
    document = binpack("optimize", "--cluster", cluster, "--json").json
    assert document["status"] == "infeasible"
    assert document["shortages"] == [
        {
            "pod": None,
            "pods": 4,
            "resource": "cpu",
            "asked": 6000,
            "offered": 3000,
            "reason": "4 pods ask for 6000 of cpu, 1 node can give 3000",
        }
    ]


def test_a_plan_to_too_few_nodes_says_what_is_short(binpack, dump):
    placed = [pod(f"p{i}").request(cpu="3").owner("ReplicaSet", "web").on(f"n{i}") for i in range(3)]
    cluster = dump(*[node(f"n{i}").cpu("4") for i in range(3)], *placed)
    ran = binpack("optimize", "--cluster", cluster, "--objective", "moves", "--target-nodes", "1", "--json")
    assert (ran.code, ran.json["status"]) == (1, "infeasible")
    assert ran.json["shortages"][0]["reason"] == "3 pods ask for 9000 of cpu, 1 node can give at most 3000"


def test_schedulers_are_compared_with_the_bound(binpack, scattered, file):
    profile = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
    packing = file(
        "packing.yaml",
        profile
        + "profiles: [{schedulerName: default-scheduler, pluginConfig: [{name: NodeResourcesFit, args: "
        + "{scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}}]}]\n",
    )
    spreading = file("spreading.yaml", profile)
    ran = binpack("optimize", "--cluster", scattered, "--config", packing, "--config", spreading, "--json")
    today, first, second = ran.json["baselines"]
    assert (today["name"], today["objective"], today["gap"], today["nodes"]) == ("today", None, None, 4)
    assert (first["name"], first["objective"]) == (str(packing), first["nodes"])
    assert first["gap"] == pytest.approx((first["nodes"] - 2) / first["nodes"])
    assert second["nodes"] == 4
    assert second["gap"] == 0.5
    assert "50 % from the bound" in " ".join(binpack("optimize", "--cluster", scattered, "--config", spreading).out.split())


def test_a_plan_of_fewest_moves(binpack, scattered, tmp_path):
    command = ("optimize", "--cluster", scattered, "--objective", "moves", "--target-nodes", "3", "--deterministic-limit", "1")
    ran = binpack(*command, "--json", "--certificate", tmp_path / "plan.json")
    assert ran.code == 0
    assert list(ran.json)[: len(HEAD) - 1] == HEAD[:-1]
    assert [ran.json[key] for key in ("status", "objective", "bound", "gap", "goal")] == ["optimal", 1, 1, 0.0, "moves"]
    assert ran.json["certificate"] == {"kind": "moves", "verified": True}
    assert (ran.json["nodesBefore"], ran.json["nodesAfter"]) == (4, 3)
    assert binpack("verify", tmp_path / "plan.json").code == 0
    assert "WAVE" in binpack(*command).out
    impossible = binpack("optimize", "--cluster", scattered, "--objective", "moves", "--target-nodes", "0", "--json")
    assert (impossible.code, impossible.json["status"], impossible.json["objective"]) == (1, "infeasible", None)
    assert impossible.json["reason"]


def test_same_seed_and_deterministic_limit_same_certificate(binpack, scattered, tmp_path):
    command = ("optimize", "--cluster", scattered, "--deterministic-limit", "0.5", "--seed", "3", "--certificate")
    for name in ("a.json", "b.json"):
        assert binpack(*command, tmp_path / name).code == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_ctrl_c_gives_the_best_so_far(binpack, scattered, monkeypatch):
    from binpack.optimal.search import Search

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Search, "greedy", interrupted)
    ran = binpack("optimize", "--cluster", scattered, "--deterministic-limit", "1", "--json")
    assert ran.code == 130
    assert (ran.json["interrupted"], ran.json["repeatable"]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--cluster PATH or --instance FILE is needed"),
        (("--cluster", "x", "--instance", "y"), "accepted: one of the two"),
        (("--cluster", "x", "--target-nodes", "3"), "are for --objective moves"),
        (("--cluster", "x", "--objective", "moves", "--gap", "0.1"), "--objective moves takes no"),
        (("--cluster", "x", "--format", "vbp"), "--format is for --instance"),
        (("--instance", "x.vbp", "--objective", "cost"), "--instance asks for the fewest bins"),
        (("--instance", "x.vbp", "--time-limit", "1", "--deterministic-limit", "1"), "exclude each other"),
    ],
)
def test_options_that_do_not_go_together(binpack, arguments, message):
    ran = binpack("optimize", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_bare_pods_may_be_left_in_peace(binpack, dump):
    cluster = dump(node("a"), node("b"), pod("p").request(cpu="1").on("a"), pod("q").request(cpu="1").on("b"))
    assert binpack("optimize", "--cluster", cluster, "--json").json["best"]["nodes"] == 1
    held = binpack("optimize", "--cluster", cluster, "--bare-pods-stay", "--json").json
    assert [stay["reason"] for stay in held["stays"]] == ["no controller"] * 2


def test_verbose_names_what_becomes_free(binpack, scattered):
    out = binpack("optimize", "--cluster", scattered, "-v").out
    assert "Freed       " in out
    assert "DaemonSet: default/agent" in out


def test_the_curve_of_moves(binpack, scattered, tmp_path):
    command = ("optimize", "--cluster", scattered, "--objective", "moves", "--curve", "--deterministic-limit", "1")
    # The pod that waits needs room, too: one node does not do.
    rows = list(csv.DictReader(io.StringIO(binpack(*command, "-o", "csv").out)))
    assert rows == [{"nodes": str(4 - freed), "freed": str(freed), "moves": str(freed), "bound": str(freed)} for freed in range(3)]
    document = binpack(*command, "--json").json
    assert (document["status"], document["objective"], document["fewestNodesBound"]) == ("optimal", [0, 1, 2], 2)
    assert document["certificate"] == {"kind": "moves", "verified": True}
    ran = binpack(*command, "--plot", tmp_path / "curve.png", "--out", tmp_path / "curve.parquet")
    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    table = Table.read_parquet(MOVES_CURVE, tmp_path / "curve.parquet")
    assert list(table.columns["moves"]) == [0, 1, 2]
    assert "no placement is on fewer than 2 nodes (proven)" in binpack(*command).out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "curve.png"], "--plot without --curve"),
        (["--curve", "--target-nodes", "2"], "no --target-nodes, no --certificate"),
        (["--curve", "--plot", "curve.txt"], "accepted: .png, .svg, .pdf"),
        (["--curve", "--plot", "nowhere/curve.png"], "nowhere/curve.png: cannot be written"),
    ],
)
def test_a_curve_that_does_not_go(binpack, scattered, options, message):
    ran = binpack("optimize", "--cluster", scattered, "--objective", "moves", *options)
    assert ran.code == 2
    assert message in ran.err


def test_most_of_a_resource(binpack, scattered, tmp_path):
    proof = tmp_path / "proof.json"
    ran = binpack("optimize", "--cluster", scattered, "--objective", "resource=cpu", "--certificate", proof)
    assert ran.code == 0
    told = " ".join(ran.out.split())
    assert "Today 4.1 of 20 cpu allocated" in told
    assert "Best 4.6 of 20 cpu allocated" in told
    assert "cpu allocated, milli-cores: 4600 is optimal, by" in told
    # What waits finds room beside what runs.
    assert "Moves 0 running pods move, 1 waiting ones find a node" in told
    assert binpack("verify", proof).code == 0
    document = binpack("optimize", "--cluster", scattered, "--objective", "resource=cpu", "--json").json
    assert (document["status"], document["objective"], document["bound"]) == ("optimal", [4, 4600], [4, 4600])
    assert document["resource"] == {"name": "cpu", "unit": "milli-cores", "offered": 20000}
    assert [each["allocated"] for each in (document["today"], document["best"])] == [4100, 4600]


def test_resources_that_cannot_be_read(binpack, scattered):
    assert "names no resource (accepted: resource=cpu" in binpack("optimize", "--cluster", scattered, "--objective", "resource=").err
    ran = binpack("optimize", "--cluster", scattered, "--objective", "resource=nvidia.com/gpu")
    assert ran.code == 2
    assert 'resource "nvidia.com/gpu": no node offers it and no pod asks for it' in ran.err
    assert "--must-place PRIORITY is for" in binpack("optimize", "--cluster", scattered, "--must-place", "3").err


def test_waiting_pods_that_must_be_placed(binpack, dump):
    few = dump(node("n").cpu("4"), pod("high").request(cpu="5").priority(9), pod("low").request(cpu="4"))
    assert binpack("optimize", "--cluster", few, "--objective", "resource=cpu").code == 0
    ran = binpack("optimize", "--cluster", few, "--objective", "resource=cpu", "--must-place", "9")
    assert ran.code == 1
    assert "default/high: asks for 5000 of cpu, no eligible node offers more than 4000" in " ".join(ran.out.split())


@pytest.mark.parametrize("objective", ["nodes", "priority", "moves"])
def test_sums_that_overflow_are_named(binpack, dump, objective):
    large = [pod(f"p{i}").request(memory=str(2**56 - 1)) for i in range(70)]
    cluster = dump(*[node(f"n{i}").cpu("4").memory(str(2**56)) for i in range(80)], *large, pod("odd").request(memory="2"))
    ran = binpack("optimize", "--cluster", cluster, "--objective", objective)
    assert (ran.code, ran.out) == (2, "")
    assert (
        "memory: a total of 5764607523034234880 units of 1 does not fit 62 bits, default/p0 asks for 72057594037927935 of them" in ran.err
    )
    assert "use sizes that have a larger common divisor" in ran.err


@pytest.mark.parametrize("objective", ["priority", "resource=cpu"])
def test_nobody_to_choose_from(binpack, dump, objective):
    cluster = dump(node("n").cpu("4"), pod("agent").request(cpu="1").owner("DaemonSet", "agent").on("n"))
    ran = binpack("optimize", "--cluster", cluster, "--objective", objective)
    assert (ran.code, ran.out) == (2, "")
    assert "no pod that may move or waits, 1 stay: there is nothing to choose" in ran.err


def test_a_node_that_can_hold_nothing(binpack, dump):
    nothing = node("n").cpu("0").memory("0").pods(0)
    alone = binpack("optimize", "--cluster", dump(nothing, pod("a").request(cpu="1")), "--json")
    assert (alone.code, alone.json["status"]) == (1, "infeasible")
    assert alone.json["shortages"][0]["reason"] == "default/a: asks for 1000 of cpu, no eligible node offers more than 0"
    beside = binpack("optimize", "--cluster", dump(nothing, node("m").cpu("4"), pod("a").request(cpu="1")), "--json")
    assert (beside.code, beside.json["placement"]) == (0, {"default/a": "m"})
