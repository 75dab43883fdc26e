"""A drawn workload runs through the whole control plane."""

from __future__ import annotations

import pytest

from binpack.sim.simulation import simulate
from workloads.demand import pod_groups
from workloads.presets import preset
from workloads.workload import generate


def run(seed: int):
    drawn = generate(preset("small"), seed)
    return drawn, simulate(drawn.nodes, drawn.events, seed=seed, until_us=drawn.span_us)


@pytest.mark.parametrize("seed", [1, 2])
def test_pods_of_deployments_and_jobs_are_made_and_placed(seed):
    drawn, done = run(seed)
    pods = done.pods.columns
    assert len(pods["node"]) >= sum(group.created for group in pod_groups(drawn)) * 0.9
    assert sum(node is not None for node in pods["node"]) >= 0.85 * len(pods["node"])


def test_the_same_seed_gives_the_same_log():
    assert run(3)[1].log() == run(3)[1].log()
