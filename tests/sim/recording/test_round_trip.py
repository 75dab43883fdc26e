"""A simulated cluster, recorded as kubectl would record it, and replayed: nearly the same decisions come out.

Not all of them: the names of pods, which break ties when some are deleted, are drawn anew, and times of the API are whole seconds, so
that what happened within one happens at once.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import to_manifest
from binpack.plugins import in_tree
from binpack.sim.recording.comparison import compare
from binpack.sim.run import Run
from binpack.sim.scenario import load_scenario, run_scenario, scenario_of_recording
from binpack.sim.scenario_format import ReplayOf
from binpack.sim.simulation import Simulation
from binpack.units import US_PER_MINUTE, US_PER_S

SCENARIO = """
duration: 30m
cluster:
  nodePools: [{name: m, count: 4, capacity: {cpu: "8", memory: 16Gi}, zones: [a, b]}]
timeline:
  - at: 10s
    apply:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 6
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: "web:1", resources: {requests: {cpu: "1", memory: 1Gi}}}]}
      - apiVersion: batch/v1
        kind: Job
        metadata: {name: report}
        spec:
          parallelism: 2
          completions: 4
          template:
            metadata: {annotations: {binpack.dev/duration: 90s}}
            spec: {restartPolicy: Never, containers: [{name: c, image: "r:1", resources: {requests: {cpu: "2", memory: 1Gi}}}]}
      - apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          replicas: 3
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec: {containers: [{name: c, image: "db:1", resources: {requests: {cpu: "1", memory: 1Gi}}}]}
      - apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec:
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec: {containers: [{name: c, image: "a:1", resources: {requests: {cpu: 100m, memory: 1Mi}}}]}
      - apiVersion: batch/v1
        kind: CronJob
        metadata: {name: tick}
        spec:
          schedule: "*/4 * * * *"
          jobTemplate:
            spec:
              template:
                metadata: {annotations: {binpack.dev/duration: 30s}}
                spec: {restartPolicy: Never, containers: [{name: c, image: "t:1", resources: {requests: {cpu: 500m}}}]}
      - apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
  - at: 1m
    apply:
      - {apiVersion: v1, kind: Pod, metadata: {name: bare, annotations: {binpack.dev/duration: 5m}}, spec: {restartPolicy: Never,
          containers: [{name: c, image: "b:1", resources: {requests: {cpu: 3500m}}}]}}
  - at: 5m
    scale: [{kind: Deployment, name: web, replicas: 9}]
  - at: 8m
    cordon: [m-001]
  - at: 10m
    setImage: [{kind: Deployment, name: web, container: c, image: "web:2"}]
  - at: 20m
    uncordon: [m-001]
    addNodes: [{name: late, count: 1, capacity: {cpu: "8", memory: 16Gi}}]
  - at: 14m
    drain: [{nodes: [m-002], force: true}]
  - at: 16m
    failNodes: [m-003]
  - at: 24m
    recoverNodes: [m-003]
    setImage: [{kind: StatefulSet, name: db, container: c, image: 'db:2'}, {kind: DaemonSet, name: agent, container: c, image: 'a:2'}]
  - at: 22m
    scale: [{kind: Deployment, name: web, replicas: 14}]
"""


def recorded(folder: Path, *, start_us: int) -> tuple[Run, Path]:
    """Run the scenario, and write what a watch of each kind would have shown from a time on."""
    (folder / "scenario.yaml").write_text(SCENARIO)
    scenario = load_scenario(folder / "scenario.yaml")
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=1)
    simulation.load(scenario.nodes)
    simulation.extend(scenario.events)
    simulation.run(until_us=start_us)
    store, lines = simulation.store, {}
    present = sorted(store.everything(), key=lambda one: f"{one.metadata.namespace}/{one.metadata.name}")
    listed_at = store.revision
    events = [("ADDED", one) for one in present]
    run = simulation.run(until_us=scenario.until_us)
    events += [(event.type, event.object) for event in store.watch(listed_at)]
    for what, value in events:
        manifest = to_manifest(value)
        manifest["metadata"]["annotations"] = {
            key: one for key, one in manifest["metadata"].get("annotations", {}).items() if not key.startswith("binpack.dev/")
        }
        lines.setdefault(value.kind, []).append(json.dumps({"type": what, "object": manifest}))
    out = folder / "recorded"
    out.mkdir()
    for kind, text in lines.items():
        (out / f"{kind}.json").write_text("\n".join(text))
    return run, out


@pytest.mark.parametrize(
    ("owned", "start_us", "others"),
    [("controllers", 0, 1), ("controllers", 3 * US_PER_MINUTE, 2), ("bare", 0, 13), ("bare", 3 * US_PER_MINUTE, 13)],
)
def test_a_replay_repeats_what_was_recorded(tmp_path, owned, start_us, others):
    original, path = recorded(tmp_path, start_us=start_us)
    scenario = scenario_of_recording(ReplayOf(recordings=(str(path),), owned_pods=owned))
    run = run_scenario(scenario)
    compared = compare(scenario.recorded, run.pod_rows, run.until_us)
    assert run.breakdowns == ()
    assert compared.decisions_count == sum(row.scheduled_us is not None and row.scheduled_us > start_us for row in original.pod_rows)
    assert (compared.only_recorded_count, compared.only_replayed_count) == (0, 0)
    assert compared.same_node_count >= compared.decisions_count - others
    # The steps of the timeline come when they came, though a recording without managers of fields has no times for most of them.
    scaled = [event.time_us for event in scenario.events if type(event).__name__ == "Scale" and event.name == "web"]
    assert scaled[-1] - scaled[0] == pytest.approx(17 * US_PER_MINUTE, abs=5 * US_PER_S)
    assert compared.replayed.nodes_in_use_mean == pytest.approx(compared.recorded.nodes_in_use_mean, rel=0.02)
