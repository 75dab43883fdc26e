"""Kubelets and clients as a scenario configures them."""

from __future__ import annotations

from pathlib import Path

import pytest

from binpack.control.workqueue import Throttle
from binpack.errors import ConfigurationError
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.sim.run import Run
from binpack.sim.scenario import Overrides, load_scenario, run_scenario
from binpack.sim.scenario_format import Clients, ThrottleOf
from binpack.sim.simulation import Simulation
from binpack.units import US_PER_S

S = US_PER_S

SCENARIO = """
duration: 10m
EXTRA
cluster:
  nodePools: [{name: m, count: 2, capacity: {cpu: "80", memory: 160Gi, pods: "500"}}]
timeline:
  - at: 10s
    apply:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 90
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: "web:1", resources: {requests: {cpu: 10m, memory: 1Mi}}}]}
"""
KUBELET = """
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 20
systemReserved: {cpu: "2"}
shutdownGracePeriod: 30s
"""


def written(folder: Path, extra: str = "") -> Path:
    (folder / "kubelet.yaml").write_text(KUBELET)
    path = folder / "s.yaml"
    path.write_text(SCENARIO.replace("EXTRA", extra))
    return path


def counts(done: Run, what: str) -> list[int]:
    """Return how many pods were created or bound in each second after 10 s."""
    times = [(getattr(row, what) - 10 * S) // S for row in done.pod_rows if getattr(row, what) is not None]
    return [times.count(second) for second in range(max(times) + 1)]


def test_kubelets_report_what_their_configuration_leaves_to_pods(tmp_path):
    scenario = load_scenario(written(tmp_path, "kubelet: kubelet.yaml"))
    assert scenario.notes == ("kubelet.yaml: fields that change nothing here: shutdownGracePeriod",)
    done = run_scenario(scenario)
    assert sum(row.node is not None for row in done.pod_rows) == 40
    assert done.cluster.columns["cpu_allocatable_millicores"][-1] == 156_000


def test_controllers_are_throttled(tmp_path):
    done = run_scenario(load_scenario(written(tmp_path, "clients: {kube-controller-manager: {qps: 20, burst: 30}}")))
    assert counts(done, "created_us") == [49, 20, 20, 1]


def test_the_scheduler_is_throttled(tmp_path):
    done = run_scenario(load_scenario(written(tmp_path, "clients: {kube-scheduler: {qps: 10, burst: 40}}")))
    assert counts(done, "created_us") == [90]
    assert counts(done, "scheduled_us") == [49, 10, 10, 10, 10, 1]
    slow = "\n  - {at: 0s, apiLatency: [{latency: 1s, components: [kube-scheduler]}], restartComponents: [kube-scheduler]}"
    path = written(tmp_path, "clients: {kube-scheduler: {qps: 10, burst: 40}}")
    path.write_text(path.read_text().replace("timeline:", f"timeline:{slow}"))
    late = run_scenario(load_scenario(path))
    assert counts(late, "scheduled_us") == [0, 49, 10, 10, 10, 10, 1]


def test_a_branch_of_a_throttled_run_goes_on_alike(tmp_path):
    scenario = load_scenario(written(tmp_path))
    throttles = {"kube-scheduler": Throttle(10, 40), "kube-controller-manager": Throttle(20, 30)}
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=1, client_throttling=throttles)
    simulation.load(scenario.nodes)
    simulation.extend(scenario.events)
    simulation.run(until_us=12 * S)
    branch = simulation.branch()
    whole, branched = simulation.run(until_us=scenario.until_us), branch.run(until_us=scenario.until_us)
    assert whole.log() == branched.log()
    assert counts(whole, "scheduled_us")[:2] == [49, 10]


def test_what_the_caller_says_goes_before_what_the_file_says(tmp_path):
    path = written(tmp_path, "kubelet: none.yaml\nclients: {kube-scheduler: {qps: 1, burst: 1}}")
    overrides = Overrides(kubelet=tmp_path / "kubelet.yaml", clients=Clients(scheduler=ThrottleOf(50, 100)))
    done = run_scenario(load_scenario(path, overrides=overrides))
    assert counts(done, "scheduled_us") == [40]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("clients: {kube-scheduler: {qps: 0, burst: 1}}", "clients.kube-scheduler.qps: 0 (accepted: whole numbers from 1)"),
        ("clients: {kube-proxy: {qps: 1, burst: 1}}", "clients.kube-proxy: unknown field"),
        ("clients: {kube-scheduler: {qps: 1}}", "clients.kube-scheduler.burst: Required value"),
        ("kubelet: none.yaml", "none.yaml"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, extra, message):
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(written(tmp_path, extra))
    assert message in str(caught.value)
