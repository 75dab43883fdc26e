"""The trace under the default plugins: the same pods are bound with and without kernels, and bad folders are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.micro.cli import micro
from binpack.errors import TraceError
from workloads.traces.openb_sample import write_sample


@pytest.mark.parametrize("percentage", ["100", "0"])
def test_pods_are_bound(tmp_path: Path, percentage: str) -> None:
    write_sample(tmp_path, nodes=12, pods=300)
    command = ["openb", "--trace-dir", str(tmp_path), "--percentage", percentage, "--no-kernels", "--json"]
    result = json.loads(CliRunner().invoke(micro, command, standalone_mode=False).output)
    assert (result["nodes"], result["pods"]) == (12, 300)
    assert 0 < result["bound"] < 300
    assert not result["kernels"]


def test_a_folder_without_the_trace(tmp_path: Path) -> None:
    result = CliRunner().invoke(micro, ["openb", "--trace-dir", str(tmp_path)], standalone_mode=False)
    assert isinstance(result.exception, TraceError)
