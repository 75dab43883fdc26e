"""Executors: every task once, whatever dies on the way."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.executors import DaskCluster, Executor, LocalProcesses, Serial


def mark(task: int, folder: str) -> None:
    """Leave a trace; task 2 fails, task 3 kills its process the first time, task 4 each time."""
    trace = Path(folder) / f"{task}-{len(list(Path(folder).glob(f'{task}-*')))}"
    trace.touch()
    if task == 2:
        raise ValueError("two is refused")
    if task == 4 or (task == 3 and trace.name == "3-0"):
        os._exit(1)


def outcomes(executor: Executor, tasks: list[int], folder: Path) -> dict[int, str]:
    return {tasks[o.index]: type(o.error).__name__ for o in executor.run(partial(mark, folder=str(folder)), tasks)}


@pytest.mark.parametrize("executor", [Serial(), LocalProcesses(2)])
def test_a_failed_task_does_not_stop_the_others(executor: Executor, tmp_path: Path) -> None:
    assert outcomes(executor, [0, 1, 2, 5], tmp_path) == {0: "NoneType", 1: "NoneType", 2: "ValueError", 5: "NoneType"}


def test_a_process_that_dies_is_tried_again_and_given_up_in_the_end(tmp_path: Path) -> None:
    found = outcomes(LocalProcesses(2), [0, 3, 4, 5], tmp_path)
    assert found == {0: "NoneType", 3: "NoneType", 4: "BrokenProcessPool", 5: "NoneType"}


def test_a_dask_cluster_runs_the_same_tasks(tmp_path: Path) -> None:
    distributed: Any = pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        assert outcomes(DaskCluster(cluster.scheduler_address), [0, 1, 2], tmp_path) == {0: "NoneType", 1: "NoneType", 2: "ValueError"}
