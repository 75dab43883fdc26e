from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import ManifestError
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.workloads import Deployment, Job, ReplicaSet
from binpack.plugins import in_tree
from binpack.scheduler.ties import Ties
from binpack.sim.faults import random_failures
from binpack.sim.simulation import Simulation, simulate
from binpack.sim.timeline import Apply, Cordon, Delete, FailNode, RecoverNode, Scale, SetDuration
from binpack.state.invariants import check_placement
from binpack.testing import deployment, job, node, pod
from binpack.units import US_PER_S

S = US_PER_S


def nodes(count: int = 4, *, cpu: int = 4) -> list[Node]:
    return [node(f"n{number}").cpu(cpu).zone("ab"[number % 2]).build() for number in range(count)]


def web(replicas: int = 4, *, image: str = "web:1", cpu: str = "1") -> Deployment:
    made = deployment("web", pod().request(cpu=cpu), replicas=replicas)
    template = made.spec.template
    container = replace(template.spec.containers[0], image=image)
    return replace(made, spec=replace(made.spec, template=replace(template, spec=replace(template.spec, containers=(container,)))))


def busy_timeline():
    """A bit of everything."""
    return [
        Apply(0, web(6)),
        Apply(5 * S, job("build", pod().request(cpu="500m").lasts(30), completions=5, parallelism=2)),
        Apply(7 * S, pod("bare").request(cpu="1").restarts("Always").lasts(20).build()),
        Scale(60 * S, "Deployment", "web", "default", 9),
        FailNode(120 * S, "n1"),
        Apply(200 * S, web(9, image="web:2")),
        Cordon(300 * S, "n2"),
        RecoverNode(700 * S, "n1"),
        Apply(710 * S, node("late").cpu(8).build()),
        Delete(800 * S, "Pod", "bare", "default"),
        Cordon(810 * S, "n2", unschedulable=False),
        Delete(900 * S, "Node", "n3"),
        Delete(1500 * S, "Deployment", "web", "default"),
    ]


def busy_run(*, seed: int = 1, ties: Ties = Ties.FIRST):
    return simulate(nodes(), busy_timeline(), seed=seed, until_us=1800 * S, ties=ties, sample_at_us=[100 * S, 1000 * S])


def started(seed: int = 1, ties: Ties = Ties.FIRST) -> Simulation:
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=seed, ties=ties)
    simulation.load(nodes())
    return simulation


def test_a_deployment_runs():
    run = simulate(nodes(), [Apply(10 * S, web(3))], seed=1, until_us=60 * S, sample_at_us=[60 * S])
    rows = run.pods.rows()
    assert len(rows) == 3
    assert all(
        (row["created_us"], row["scheduled_us"], row["started_us"], row["waiting_us"]) == (10 * S, 10 * S, 12 * S, 0) for row in rows
    )
    assert all((row["phase"], row["owner_kind"], row["cpu_requested_millicores"]) == ("Running", "ReplicaSet", 1000) for row in rows)
    (sample,) = run.samples
    assert (len(sample.nodes), len(sample.bound), len(sample.pending)) == (4, 3, 0)
    assert run.cluster.columns["pods_running_count"][-1] == 3


def test_pods_of_a_node_that_fails_are_created_anew_elsewhere():
    simulation = started()
    simulation.extend([Apply(0, web(8)), FailNode(100 * S, "n1"), RecoverNode(3000 * S, "n1")])
    simulation.run(until_us=99 * S)
    on_n1 = {one.metadata.name for one in simulation.store.pods_on("n1")}
    assert len(on_n1) == 2
    simulation.run(until_us=150 * S)
    assert {one.metadata.name for one in simulation.store.pods_on("n1")} == on_n1, "nobody has noticed yet"
    run = simulation.run(until_us=600 * S)
    running = [one for one in simulation.store.scan(Pod) if one.status.phase == "Running" and not one.is_terminating]
    assert len(running) == 8
    assert "n1" not in {one.spec.node_name for one in running}
    stuck = simulation.store.pods_on("n1")
    assert {one.metadata.name for one in stuck} == on_n1
    assert all(one.is_terminating for one in stuck), "on a dead node they stay Terminating"
    reasons = [entry.reason for entry in run.events if hasattr(entry, "reason")]
    assert reasons.count("TaintManagerEviction") == 2
    assert simulation.store.get(ReplicaSet, running[0].metadata.owner_references[0].name, "default").status.available_replicas == 8
    simulation.run(until_us=3100 * S)
    assert simulation.store.pods_on("n1") == []
    assert simulation.store.get(Node, "n1").spec.taints == ()


def test_a_rolling_update_end_to_end():
    simulation = started()
    simulation.extend([Apply(0, web(8)), Apply(60 * S, web(8, image="web:2"))])
    simulation.run(until_us=59 * S)
    fewest = 8
    for second in range(60, 200):
        simulation.run(until_us=second * S)
        ready = [one for one in simulation.store.scan(Pod) if one.status.phase == "Running" and not one.is_terminating]
        fewest = min(fewest, len(ready))
    assert fewest >= 6, "25 % may be unavailable"
    pods = simulation.store.scan(Pod)
    assert len(pods) == 8
    assert {one.spec.containers[0].image for one in pods} == {"web:2"}
    current = simulation.store.get(Deployment, "web", "default")
    assert current.metadata.annotations["deployment.kubernetes.io/revision"] == "2"
    assert current.status.available_replicas == 8
    assert {one.type: one.reason for one in current.status.conditions}["Progressing"] == "NewReplicaSetAvailable"


def test_a_job_completes():
    simulation = started()
    simulation.extend([Apply(0, job("build", pod().request(cpu="1").lasts(60), completions=6, parallelism=3))])
    run = simulation.run(until_us=300 * S)
    build = simulation.store.get(Job, "build", "default")
    assert (build.status.succeeded, build.status.active) == (6, 0)
    assert {one.type for one in build.status.conditions} == {"SuccessCriteriaMet", "Complete"}
    finished = sorted(row["finished_us"] for row in run.pods.rows())
    assert finished == [62 * S] * 3 + [125 * S] * 3, "2 s to start, 60 s to run, and 1 s until the Job hears of it"


def test_durations_and_deletions_from_outside():
    events = [
        Apply(0, pod("long").restarts("Never").lasts(1000).build()),
        SetDuration(50 * S, "long", "default", 100 * S),
        Apply(0, pod("gone").build()),
        Delete(30 * S, "Pod", "gone", "default"),
        Delete(40 * S, "Pod", "gone", "default"),
    ]
    rows = {row["pod"]: row for row in simulate(nodes(), events, seed=1, until_us=300 * S).pods.rows()}
    assert (rows["long"]["phase"], rows["long"]["finished_us"]) == ("Succeeded", 102 * S)
    assert rows["gone"]["deleted_us"] == 31 * S


def test_a_new_node_takes_pods_once_it_is_ready_and_untainted():
    events = [Apply(0, pod("big").request(cpu="6").build()), Apply(60 * S, node("large").cpu(8).build())]
    (row,) = simulate(nodes(), events, seed=1, until_us=120 * S).pods.rows()
    assert (row["node"], row["scheduled_us"]) == ("large", 60 * S)


def test_apply_brings_what_is_there_to_the_manifest():
    simulation = started()
    plain = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "prod"}, "spec": {"selector": {"app": "web"}}}
    custom = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"size": 1}}
    simulation.extend(
        [Apply(0, plain), Apply(0, custom), Apply(1 * S, custom | {"spec": {"size": 2}}), Apply(1 * S, web(2)), Apply(9 * S, web(3))]
    )
    simulation.run(until_us=20 * S)
    store = simulation.store
    assert store.get("Service", "web", "prod").spec.selector == {"app": "web"}
    thing = store.get("Thing.example.com", "t", "default")
    assert (thing.spec, thing.metadata.generation) == ({"size": 2}, 2)
    assert len(store.scan(Pod)) == 3
    assert {one.metadata.name for one in store.scan("Namespace")} == {"default", "prod"}


def test_a_node_can_be_applied_anew_with_labels_and_another_size():
    larger = node("n0").cpu(16).label(disk="ssd").taint("mine", "yes").build()
    simulation = started()
    simulation.extend([Cordon(1 * S, "n0"), Apply(2 * S, larger), Apply(2 * S, pod("big").request(cpu="9").tolerates("mine").build())])
    simulation.run(until_us=10 * S)
    found = simulation.store.get(Node, "n0")
    assert (str(found.status.allocatable["cpu"]), found.metadata.labels["disk"]) == ("16", "ssd")
    assert [one.type for one in found.status.conditions if one.status == "True"] == ["Ready"]
    assert [one.key for one in found.spec.taints] == ["mine"], "the manifest does not cordon it"
    assert simulation.store.get(Pod, "big", "default").spec.node_name == "n0"


@pytest.mark.parametrize(
    ("why", "event", "message"),
    [
        ("an unknown class", Apply(5 * S, pod("p").priority_class("gold").build()), "at 5 s .*no PriorityClass with name gold"),
        ("an unknown node", FailNode(5 * S, "n9"), 'at 5 s of the timeline, FailNode: nodes "n9" not found'),
        ("an unknown workload", Scale(5 * S, "Deployment", "web", "default", 3), 'Scale: deployments.apps "web" not found'),
        ("a wrong duration", Apply(5 * S, pod("p").annotate({"binpack.dev/duration": "long"}).build()), '"long" is not a duration'),
        ("no manifest", Apply(5 * S, {"kind": "Pod"}), "apiVersion None"),
    ],
)
def test_what_cannot_happen_is_said_with_its_time(why, event, message):
    with pytest.raises(ManifestError, match=message):
        simulate(nodes(), [event], seed=1, until_us=60 * S)


def test_a_loaded_cluster_goes_on_where_it_stands():
    objects = [
        pod("kept").owner("StatefulSet", "db", uid="elsewhere").on("n1").build(),
        pod("waiting").request(cpu="1").build(),
    ]
    run = simulate(nodes(), [], seed=1, until_us=60 * S, objects=objects)
    rows = {row["pod"]: row for row in run.pods.rows()}
    assert (rows["kept"]["phase"], rows["kept"]["deleted_us"]) == ("Running", None), "its owner is not in the dump, and not taken for gone"
    assert rows["waiting"]["phase"] == "Running"


@given(st.integers(0, 2**31))
def test_whatever_fails_when_placements_are_legal_and_nothing_is_lost(seed):
    """Random failures of nodes under a Deployment and a Job: in the end all that is wanted runs, and nowhere too much."""
    names = [one.name for one in nodes()]
    faults = random_failures(names[:2], between_failures_us=600 * S, to_repair_us=300 * S, until_us=3000 * S, seed=seed)
    simulation = started(seed)
    simulation.extend(
        [Apply(0, web(6)), Apply(0, job("build", pod().request(cpu="500m").lasts(100), completions=4, parallelism=2)), *faults]
    )
    for stop in (700, 1800, 3000):
        simulation.run(until_us=stop * S)
        alive = [one for one in simulation.store.scan(Pod) if one.spec.node_name and not one.is_terminal]
        # A node may be tainted after its pods have come: NoSchedule does not concern them.
        broken = {one.invariant for one in check_placement(simulation.store.scan(Node), alive)}
        assert broken <= {"taints"}
    simulation.extend([RecoverNode(3000 * S, name) for name in names[:2]])
    simulation.run(until_us=6000 * S)
    pods = simulation.store.scan(Pod)
    assert sum(one.status.phase == "Running" and one.metadata.labels["app"] == "web" for one in pods) == 6
    build = simulation.store.get(Job, "build", "default").status
    assert build.succeeded == 4 or build.conditions[-1].reason == "BackoffLimitExceeded"


def digest(run) -> str:
    return hashlib.sha256(run.log()).hexdigest()


@pytest.mark.parametrize("ties", list(Ties))
def test_two_runs_give_the_same_bytes(ties):
    first, second = busy_run(ties=ties), busy_run(ties=ties)
    assert first.log() == second.log()
    assert first.pods.rows() == second.pods.rows()
    assert first.counters == second.counters


def test_another_seed_gives_another_run():
    assert digest(busy_run(seed=1)) != digest(busy_run(seed=2))


PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("scene", sys.argv[1])
scene = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scene)
print(scene.digest(scene.busy_run(ties=scene.Ties.RANDOM)))
"""


def test_another_process_with_another_hash_seed_gives_the_same_bytes():
    digests = set()
    for hash_seed in ("1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", PROGRAM, __file__], env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout.strip())
    assert digests == {digest(busy_run(ties=Ties.RANDOM))}


@pytest.mark.parametrize("pause_s", [0, 62, 130, 177, 476, 705, 955])
def test_a_fork_goes_on_to_the_same_bytes(pause_s):
    simulation = started(ties=Ties.RANDOM)
    simulation.extend(busy_timeline())
    simulation.run(until_us=pause_s * S)
    fork = simulation.branch()
    ends = [one.run(until_us=1800 * S) for one in (simulation, fork)]
    assert ends[0].log() == ends[1].log()
    assert ends[0].counters == ends[1].counters
    assert ends[0].series == ends[1].series


def test_branches_go_their_own_way():
    simulation = started()
    simulation.extend([Apply(0, web(4))])
    simulation.run(until_us=100 * S)
    branch = Simulation.restore(simulation.save())
    branch.extend([Scale(100 * S, "Deployment", "web", "default", 8)])
    assert [len(one.run(until_us=200 * S).pod_rows) for one in (simulation, branch)] == [4, 8]


def test_the_log_is_json_lines_with_a_schema():
    lines = [json.loads(line) for line in busy_run().log().decode().splitlines()]
    assert lines[0]["schema"] == "binpack.dev/event-log/v1"
    assert lines[0]["ties"] == "first"
    times = [line["timeUs"] for line in lines[1:]]
    assert times == sorted(times)
    assert {line["write"] for line in lines if "write" in line} == {"ADDED", "MODIFIED", "DELETED"}


def test_a_run_is_written_and_is_the_same_in_another_directory(tmp_path):
    run = busy_run()
    for name in ("one", "two"):
        paths = run.write(tmp_path / name)
    assert sorted(path.name for path in paths) == ["cluster.parquet", "events.jsonl", "nodes.parquet", "pods.parquet"]
    for path in paths:
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


def test_without_a_log_the_tables_are_the_same():
    arguments = {"seed": 1, "until_us": 1800 * S, "sample_at_us": [100 * S]}
    with_log = simulate(nodes(), busy_timeline(), **arguments)
    without = simulate(nodes(), busy_timeline(), **arguments, keeps_log=False)
    assert without.events == ()
    assert without.pods.rows() == with_log.pods.rows()
    assert without.counters == with_log.counters


def test_random_failures_depend_on_the_seed_and_the_node_alone():
    def draw(names, seed=1):
        return random_failures(names, between_failures_us=100 * S, to_repair_us=10 * S, until_us=1000 * S, seed=seed)

    alone, both = draw(["a"]), draw(["a", "b"])
    assert [event for event in both if event.name == "a"] == alone
    assert draw(["a"], seed=2) != alone
    assert [type(event) for event in alone[:2]] == [FailNode, RecoverNode]
    assert all(event.time_us < 1000 * S for event in both)


def test_the_series_adds_up():
    run = busy_run()
    columns = run.cluster.columns
    times = columns["time_us"]
    assert times == sorted(set(times))
    assert columns["nodes_count"][-1] == 4
    assert columns["pods_bound_count"][-1] == columns["cpu_requested_millicores"][-1] == 0
    assert all(
        requested <= offered
        for requested, offered in zip(columns["cpu_requested_millicores"], columns["cpu_allocatable_millicores"], strict=True)
    )
    assert max(columns["nodes_in_use_count"]) == 4
