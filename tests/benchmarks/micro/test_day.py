"""A small day: the same work each time, and every pod accounted for."""

from __future__ import annotations

import json

from click.testing import CliRunner

from benchmarks.micro.cli import micro
from benchmarks.micro.day import measure_day


def test_a_day_is_the_same_day_each_time():
    first, second = measure_day(6, 300, seed=3), measure_day(6, 300, seed=3)
    assert first.counters == second.counters
    assert first.log_mib == second.log_mib
    assert 0 < first.finished < first.bound <= first.pods
    assert first.counters["scheduler_bound"] == first.bound


def test_the_command_prints_one_object():
    result = CliRunner().invoke(micro, ["day", "--nodes", "4", "--pods", "100", "--json"], catch_exceptions=False)
    assert set(json.loads(result.output)) >= {"pods", "bound", "seconds", "cpu_seconds", "peak_mib", "log_mib", "counters"}
