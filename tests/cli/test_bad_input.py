"""What bad input gets: lines on standard error that name place, value and what is accepted; exit code 2; nothing half-written."""

from __future__ import annotations

import json

import pytest

from binpack.testing import node, pod

NODE = '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4", "pods": "10"}}}'
POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}'


def listed(*items: str) -> str:
    return '{"apiVersion": "v1", "kind": "List", "items": [' + ", ".join(items) + "]}"


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("no YAML", "a: b: c", "line 1"),
        ("no JSON", '{"apiVersion": "v1",', "cluster.yaml"),
        ("not an object", "[1, 2]", "is not an object (accepted: a mapping with apiVersion, kind and metadata)"),
        ("nothing", "# only words", "holds no object"),
        ("no nodes", listed(POD), "no node among 1 objects (accepted: a dump with nodes"),
        ("a node twice", listed(NODE, NODE), "item 2: Node n1 is there already, in {file}, item 1 (accepted: each name once"),
        (
            "a wrong quantity",
            listed(NODE, POD.replace('"image": "i"', '"image": "i", "resources": {"requests": {"cpu": "1O0m"}}')),
            'item 2 (Pod p1), spec.containers[0].resources.requests.cpu: "1O0m" is not a quantity (accepted: ',
        ),
        ("a wrong type", listed(NODE, POD.replace('[{"name": "c", "image": "i"}]', '"none"')), "spec.containers"),
        ("a negative amount", listed(NODE.replace('"4"', '"-4"')), "status.allocatable[cpu]"),
        ("no kind", '{"apiVersion": "v1"}', "kind: missing (accepted: a kind, like Pod)"),
    ],
)
@pytest.mark.parametrize("command", [["schedule"], ["explain", "p1"], ["optimize"]])
def test_clusters_that_cannot_be_read(binpack, file, command, why, text, message):
    cluster = file("cluster.yaml", text)
    ran = binpack(*command, "--cluster", cluster)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("error: ")
    assert message.format(file=cluster) in ran.err
    assert str(cluster) in ran.err


@pytest.mark.parametrize(
    ("why", "text", "messages"),
    [
        (
            "no pods can be without containers",
            "{apiVersion: v1, kind: Pod, metadata: {name: p}}",
            ["document 1, spec.containers: Required value"],
        ),
        (
            "each problem has its line",
            "{apiVersion: v1, kind: Pod, metadata: {name: P}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 0}]}]}}",
            ["metadata.name", "spec.containers[0].ports[0].containerPort"],
        ),
        (
            "a priority class that nobody has",
            "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {priorityClassName: high, containers: [{name: c, image: i}]}}",
            ['document 1: pods "p" is forbidden: no PriorityClass with name high was found'],
        ),
        (
            "the same in a template",
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {selector: {matchLabels: {a: b}}, template: {metadata:"
            " {labels: {a: b}}, spec: {priorityClassName: high, containers: [{name: c, image: i}]}}}}",
            ['document 1: pods "d" is forbidden: no PriorityClass with name high was found'],
        ),
        ("given twice", "{apiVersion: v1, kind: Node, metadata: {name: n1}}", ["document 1: Node n1 is there already"]),
    ],
)
def test_manifests_that_an_api_server_would_refuse(binpack, file, why, text, messages):
    ran = binpack("schedule", "--cluster", file("cluster.json", listed(NODE)), "--pods", file("new.yaml", text))
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith("error: ")
        assert message in line
        assert "new.yaml" in line


CONFIG = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("no YAML", "a: b: c", "s.yaml"),
        ("another kind", POD, "kind"),
        (
            "an unknown plugin",
            CONFIG + "profiles: [{plugins: {filter: {enabled: [{name: NodeFit}]}}}]",
            'FilterPlugin "NodeFit" does not exist (did you mean NodeAffinity?)',
        ),
        (
            "an unknown argument",
            CONFIG + "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinity: 1}}]}]",
            "profiles[0].pluginConfig[0].args.hardPodAffinity: unknown field",
        ),
        (
            "an argument out of range",
            CONFIG + "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]}]",
            "hardPodAffinityWeight",
        ),
        ("a class that is not there", CONFIG + 'profiles: [{plugins: {score: {enabled: [{name: "no.module:Class"}]}}}]', "no.module:Class"),
    ],
)
def test_configurations_that_mean_nothing(binpack, dump, file, why, text, message):
    config = file("s.yaml", text)
    for command in (["config", "check", config], ["schedule", "--cluster", dump(node("n")), "--config", config]):
        ran = binpack(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: ")
        assert message in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schedule", "--cluster", "nowhere.json"], "nowhere.json: no such file or directory (accepted: "),
        (["schedule", "--cluster", "CLUSTER", "--pods", "nowhere.yaml"], "nowhere.yaml: no such file or directory"),
        (["schedule", "--cluster", "CLUSTER", "--config", "nowhere.yaml"], "nowhere.yaml: no such file or directory"),
        (
            ["optimize", "--cluster", "CLUSTER", "--objective", "cost", "--prices", "nowhere.yaml"],
            "nowhere.yaml: no such file or directory",
        ),
        (["config", "check", "nowhere.yaml"], "nowhere.yaml: no such file or directory"),
        (["anonymize", "--cluster", "nowhere.json"], "nowhere.json: no such file or directory"),
        (["conformance", "nowhere.jsonl.gz"], "nowhere.jsonl.gz"),
        (["schedule"], "Missing option '--cluster'"),
        (["explain", "--cluster", "CLUSTER"], "Missing argument 'POD'"),
        (["schedule", "--cluster", "CLUSTER", "--ties", "last"], "'last' is not one of 'kube', 'first', 'rank', 'random'"),
        (["schedule", "--cluster", "CLUSTER", "--seed", "-1"], "-1 is not in the range x>=0"),
        (["schedule", "--cluster", "CLUSTER", "-o", "xml"], "'xml' is not one of 'table', 'wide', 'json', 'yaml', 'csv'"),
        (["schedule", "--cluster", "CLUSTER", "--pod", "x"], "--pod"),
        (["schedule", "--cluster", "-", "--pods", "-"], "standard input can be read only once"),
        (["optimize", "--cluster", "CLUSTER", "--objective", "cost"], "--prices FILE is needed for --objective cost"),
        (["optimize", "--cluster", "CLUSTER", "--prices", "x"], "--prices FILE is needed for --objective cost, and for nothing else"),
        (["optimize", "--cluster", "CLUSTER", "--time-limit", "0"], "0.0 is not in the range x>0"),
        (["shedule"], 'no command "shedule" (accepted: schedule)'),
    ],
)
def test_commands_that_cannot_be_run(binpack, dump, arguments, message):
    cluster = dump(node("n"), pod("p"))
    ran = binpack(*(cluster if argument == "CLUSTER" else argument for argument in arguments))
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert message in ran.err


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("[1]", ["holds no prices (accepted: a mapping from instance type to price"]),
        ("general-4: cheap", ['general-4: "cheap" is no price (accepted: a number >= 0)', "lacks a price for other-8 (given: general-4)"]),
        ("general-4: -1\nother-8: 2", ["general-4: -1 is no price"]),
        ("compute-2: 1", ["lacks a price for general-4, other-8 (given: compute-2)"]),
        ("a: b: c", ["line 1"]),
    ],
)
def test_prices_that_price_nothing(binpack, dump, file, text, messages):
    cluster = dump(node("a").instance_type("general-4"), node("b").instance_type("other-8"))
    ran = binpack("optimize", "--cluster", cluster, "--objective", "cost", "--prices", file("prices.yaml", text))
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert message in line
        assert "prices.yaml" in line


def test_nothing_is_written_where_something_is_wrong(binpack, dump, file, tmp_path):
    cluster = dump(node("n"))
    bad = file("bad.yaml", "a: b: c")
    out = tmp_path / "out.json"
    out.write_text("as it was")
    for command in (
        ["schedule", "--cluster", cluster, "--pods", bad],
        ["explain", "nobody", "--cluster", cluster],
        ["anonymize", "--cluster", bad],
    ):
        assert binpack(*command, "--out", out).code == 2
    assert out.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml", "cluster.json", "out.json"]


def test_a_damaged_archive_is_named(binpack, tmp_path):
    damaged = tmp_path / "cluster.json.gz"
    damaged.write_bytes(b"\x1f\x8b\x08 and so on")
    ran = binpack("schedule", "--cluster", damaged)
    assert ran.code == 2
    assert "is damaged, gzip cannot read it" in ran.err
    assert json.dumps(str(damaged))[1:-1] in ran.err
