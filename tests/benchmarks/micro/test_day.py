"""A small day: the same work each time, and every pod accounted for."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from click.testing import CliRunner

from benchmarks.micro.cli import micro
from benchmarks.micro.day import measure_day
from binpack.scheduler.fast.scheduler import has_numba


def test_a_day_is_the_same_day_each_time():
    first, second = measure_day(6, 300, seed=3), measure_day(6, 300, seed=3)
    assert first.counters == second.counters
    assert first.log_sha256 == second.log_sha256
    assert 0 < first.finished < first.bound <= first.pods
    assert first.counters["scheduler_bound"] == first.bound
    assert first.counters["daemonset-controller_syncs"] > 0


def test_the_log_has_the_same_bytes_whatever_decides_and_for_any_number_of_processes():
    """Days side by side, as a suite runs them, and in one process after one another."""
    seeds = (1, 2)
    expected = [measure_day(4, 120, seed=seed, kernels=False).log_sha256 for seed in seeds]
    assert len(set(expected)) == len(seeds)
    assert [measure_day(4, 120, seed=seed, kernels=has_numba()).log_sha256 for seed in seeds] == expected
    for processes in (1, 2):
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            days = [pool.submit(measure_day, 4, 120, seed=seed, kernels=False) for seed in seeds]
            assert [day.result().log_sha256 for day in days] == expected, f"{processes} processes"


def test_the_command_prints_one_object():
    result = CliRunner().invoke(micro, ["day", "--nodes", "4", "--pods", "100", "--json"], catch_exceptions=False)
    assert set(json.loads(result.output)) >= {"pods", "bound", "seconds", "cpu_seconds", "peak_mib", "log_mib", "counters"}
