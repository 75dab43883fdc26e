"""examples/scenario.yaml: a rolling update and the failure of a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from binpack.sim.metrics import metrics_of
from binpack.sim.scenario import load_scenario, run_scenario

SCENARIO = Path(__file__).parents[2] / "examples" / "scenario.yaml"


@pytest.fixture(scope="module")
def done():
    return run_scenario(load_scenario(SCENARIO))


def test_everything_finds_a_node(done):
    metrics = metrics_of(done)
    assert metrics.pending_count == 0
    # 22 replicas and 8 pods of Jobs at first; nine are rolled, some lost with their node, four more of api.
    assert metrics.pods_count >= 22 + 8 + 9 + 4
    assert metrics.finished_count >= 8


def test_pods_of_the_failed_node_are_made_anew_elsewhere(done):
    log = done.log().decode()
    assert '"message":"Scaled up replica set web' in log
    assert '"object":"Node large-000"' in log
    assert "NodeNotReady" in log


def test_two_runs_give_the_same_bytes(done):
    assert run_scenario(load_scenario(SCENARIO)).log() == done.log()
