"""A small cluster of the scale benchmark: all is built, a part of it updated, and the work is the same each time."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from benchmarks.micro import scale
from benchmarks.micro.cli import micro
from benchmarks.micro.scale import measure_scale


def test_a_cluster_is_built_and_a_part_of_it_updated():
    first, second = (measure_scale(20, 450, share=0.5, seed=1, kernels=False) for _ in range(2))
    assert (first.deployments, first.updated) == (5, 3)
    assert (first.building.pods, first.updating.pods) == (450, 250), "two updated ones of 100 pods, and the last of 50"
    assert first.building.writes > 2 * 450
    assert (first.building.writes, first.updating.writes, first.events) == (second.building.writes, second.updating.writes, second.events)


def test_what_does_not_come_to_rest_is_an_error(monkeypatch):
    monkeypatch.setattr(scale, "LAST_STEPS", 2)
    with pytest.raises(RuntimeError, match="1 Deployments are not complete"):
        measure_scale(1, 100, share=1, seed=1, kernels=False)


def test_the_command_prints_one_object():
    result = CliRunner().invoke(micro, ["scale", "--nodes", "5", "--pods", "50", "--json"], catch_exceptions=False)
    assert json.loads(result.output)["building"]["pods"] == 50
