"""Steps that make a control plane or a registry worse: what is late, what stands still, what comes back without a memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from binpack.errors import ConfigurationError
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.sim.run import Run
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.sim.simulation import Simulation
from binpack.units import US_PER_S

S = US_PER_S

HEAD = """
duration: 30m
cluster:
  nodePools: [{name: m, count: 3, capacity: {cpu: "8", memory: 16Gi, ephemeral-storage: 100Gi}}]
timeline:
  - at: 10s
    apply:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}, annotations: {binpack.dev/workload: "containers: {c: {image: {size: 100Mi}}}"}}
            spec: {containers: [{name: c, image: "web:1", resources: {requests: {cpu: "1", memory: 1Gi}}}]}
"""
SCALE = "scale: [{kind: Deployment, name: web, replicas: 6}]"


def scenario(folder: Path, steps: str):
    path = folder / "s.yaml"
    path.write_text(HEAD + steps)
    return load_scenario(path)


def run(folder: Path, steps: str) -> Run:
    return run_scenario(scenario(folder, steps))


def later(done: Run) -> list[tuple[int, int | None, int | None]]:
    """Return when the pods of the second half were created, bound and started, in seconds after 10 minutes."""
    rows = [row for row in done.pod_rows if row.created_us >= 600 * S]
    return [(row.created_us - 600 * S, row.scheduled_us - 600 * S, row.started_us - 600 * S) for row in rows]


NEW_IMAGE = '  - {at: 10m, setImage: [{kind: Deployment, name: web, container: c, image: "web:2"}], '


@pytest.mark.parametrize(
    ("why", "step", "seconds"),
    [
        ("100 MiB a second", "}", {3}),
        ("1 MiB a second on all nodes", "slowImages: [{bandwidth: 1Mi}]}", {102}),
        ("only one node is slow", "slowImages: [{bandwidth: 1Mi, nodes: [m-001]}]}", {3, 102}),
        ("no faster than the node", "slowImages: [{bandwidth: 1Gi}]}", {3}),
        ("over again when the second pull begins", "slowImages: [{bandwidth: 1Mi, duration: 90s}]}", {102, 3}),
    ],
)
def test_images_come_slowly(tmp_path, why, step, seconds):
    started = [start - created for created, _, start in later(run(tmp_path, NEW_IMAGE + step))]
    assert len(started) == 3
    assert {round(one / S) for one in started} == seconds, why


@pytest.mark.parametrize(
    ("components", "created_s", "bound_s", "started_s"),
    [
        # The Deployment's controller hears after 3 s, the ReplicaSet's 3 s later, the scheduler, the kubelet.
        ("", 6, 9, 14),
        ("components: [kube-controller-manager], ", 6, 6, 8),
        ("components: [kube-scheduler], ", 0, 3, 5),
        ("components: [kubelet], ", 0, 0, 5),
    ],
)
def test_who_hears_late_acts_late(tmp_path, components, created_s, bound_s, started_s):
    done = run(tmp_path, f"  - {{at: 10m, apiLatency: [{{{components}latency: 3s, duration: 5m}}], {SCALE}}}")
    assert later(done) == [(created_s * S, bound_s * S, started_s * S)] * 3
    assert done.cluster.columns["pods_running_count"][-1] == 6
    assert done.breakdowns == ()


def test_latency_ends(tmp_path):
    steps = f"  - {{at: 5m, apiLatency: [{{latency: 3s, duration: 1m}}]}}\n  - {{at: 10m, {SCALE}}}"
    assert later(run(tmp_path, steps)) == [(0, 0, 2 * S)] * 3


@pytest.mark.parametrize(
    ("component", "created_s", "bound_s"),
    [("kube-controller-manager", 300, 300), ("kube-scheduler", 0, 300)],
)
@pytest.mark.parametrize("lag", ["", "  - {at: 1m, apiLatency: [{latency: 0.001s}]}\n"])
def test_a_component_that_is_stopped_does_nothing_until_it_starts(tmp_path, component, created_s, bound_s, lag):
    steps = f"{lag}  - {{at: 10m, stopComponents: [{component}], {SCALE}}}\n  - {{at: 15m, startComponents: [{component}]}}"
    done = run(tmp_path, steps)
    seconds = [(round(created / S), round(bound / S)) for created, bound, _ in later(done)]
    assert seconds == [(created_s, bound_s)] * 3
    assert done.cluster.columns["pods_running_count"][-1] == 6


def test_what_starts_without_a_memory_makes_nothing_twice(tmp_path):
    restarts = "".join(
        f"  - {{at: {600 + second}s, restartComponents: [kube-controller-manager, kube-scheduler]}}\n" for second in range(0, 12, 2)
    )
    done = run(tmp_path, f"  - {{at: 10m, {SCALE}}}\n{NEW_IMAGE.replace('10m', '601s')}}}\n{restarts}")
    living = [row for row in done.pod_rows if row.deleted_us is None]
    assert len(living) == 6
    assert done.breakdowns == ()
    assert done.cluster.columns["pods_pending_count"][-1] == 0


@pytest.mark.parametrize("at_s", [600, 602, 604, 607, 610])
def test_a_branch_in_the_middle_of_it_goes_on_alike(tmp_path, at_s):
    steps = (
        f"  - {{at: 10m, apiLatency: [{{latency: 3s}}], slowImages: [{{bandwidth: 1Mi}}], {SCALE}}}\n"
        "  - {at: 602s, delete: [{kind: Deployment, name: other}], stopComponents: [kube-controller-manager]}\n"
        "  - {at: 604s, startComponents: [kube-controller-manager]}\n" + NEW_IMAGE.replace("10m", "606s") + "}\n"
    )
    read = scenario(tmp_path, steps)
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=1)
    simulation.load(read.nodes)
    simulation.extend(read.events)
    simulation.run(until_us=at_s * S)
    branch = simulation.branch()
    whole, branched = simulation.run(until_us=read.until_us), branch.run(until_us=read.until_us)
    assert whole.log() == branched.log()
    assert whole.counters == branched.counters


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("slowImages: [{bandwidth: 0}]", 'timeline[1].slowImages[0].bandwidth: "0" (accepted: bytes a second, above 0)'),
        ("slowImages: [{bandwidth: 1Mi, duration: 0s}]", 'timeline[1].slowImages[0].duration: "0s" (accepted: durations above 0)'),
        ("slowImages: [{bandwidth: 1Mi, nodes: [x]}]", 'timeline[1].slowImages[0].nodes: no node "x"'),
        ("slowImages: [{}]", "timeline[1].slowImages[0].bandwidth: Required value"),
        ("apiLatency: [{latency: soon}]", 'timeline[1].apiLatency[0].latency: "soon" is not a duration'),
        ("apiLatency: [{latency: 1s, components: [etcd]}]", "timeline[1].apiLatency[0].components[0]: "),
        ("stopComponents: [kubelet]", "timeline[1].stopComponents[0]: "),
    ],
)
def test_what_is_wrong_is_said_with_its_path(tmp_path, step, message):
    with pytest.raises(ConfigurationError) as caught:
        scenario(tmp_path, f"  - {{at: 1m, {step}}}")
    assert message in str(caught.value)
