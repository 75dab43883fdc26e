"""The suite optimal: instances are what they say, targets are judged right, runs are resumed, the report is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.executors import Serial
from benchmarks.optimal.beating import measured_better, placed_by_scheduler
from benchmarks.optimal.instances import cluster_like, scattered, spread_over_zones, with_priorities
from benchmarks.optimal.report import HEAD, table_rows, write_report
from benchmarks.optimal.rows import ROWS, row_of
from benchmarks.optimal.running import Task, read_runs, run_tasks, tasks_of
from benchmarks.optimal.targets import Run, Target, Targets
from binpack.optimal.bounds import sum_bounds
from binpack.optimal.solve import solve


def a_run(*steps: tuple[float, float | None, int | None], verified: bool = True, applies: bool = True) -> Run:
    return Run(0, steps, 9.0, 0.01, verified, applies)


@pytest.mark.parametrize(
    ("why", "target", "runs", "reached"),
    [
        ("a gap in time", Target("", 5, gap=0.01), [a_run((1, 0.2, 9), (4, 0.005, 1))], True),
        ("a gap too late", Target("", 3, gap=0.01), [a_run((1, 0.2, 9), (4, 0.005, 1))], False),
        ("proven by enough", Target("", 5, 0.5), [a_run((1, 0.0, 0)), a_run((1, 0.1, 1))], True),
        ("proven by too few", Target("", 5, 0.6), [a_run((1, 0.0, 0)), a_run((1, 0.1, 1))], False),
        ("within a node", Target("", 5, apart=1), [a_run((1, 0.1, 1))], True),
        ("a certificate that is wrong", Target("", 5, gap=1.0), [a_run((1, 0.0, 0), verified=False)], False),
        ("one to which the question does not apply", Target("", 5), [a_run((1, 1.0, None), applies=False), a_run((1, 0.0, 0))], True),
        ("none to which it applies", Target("", 5), [a_run((1, 1.0, None), applies=False)], False),
        ("the check", Target("", 1, check=True), [a_run((1, None, None))], True),
        ("no runs", Target("", 5), [], False),
    ],
)
def test_targets(why: str, target: Target, runs: list[Run], reached: bool) -> None:
    assert target.reached(runs) is reached, why


def test_the_highest_target_counts() -> None:
    targets = Targets(Target("", 9, gap=0.1), Target("", 9, gap=0.01), Target("", 9))
    assert targets.best([a_run((1, 0.05, 5))]) == "floor"
    assert targets.best([a_run((1, 0.0, 0))]) == "stretch"
    assert targets.best([a_run((1, None, None))]) == "missed"
    assert targets.best([]) == "not run"


def test_instances() -> None:
    plain = cluster_like(500, 20, seed=3, resources=4, node_types=5)
    assert (plain.pod_classes, plain.node_classes, len(plain.resources)) == (20, 5, 4)
    assert plain.placeable.all()
    assert plain.digest() == cluster_like(500, 20, seed=3, resources=4, node_types=5).digest()
    zones = spread_over_zones(300, 20, seed=1)
    assert zones.spreads
    assert (zones.limit == 1).any()
    full = with_priorities(8, 4, 105, seed=0)
    assert full.pods == 32
    assert max(full.demand @ full.size / (8 * full.capacity[0])) == pytest.approx(1.05, abs=0.01)
    tidy = scattered(20, 200, 10, seed=0)
    assert int(tidy.present[:, 3].sum()) == tidy.pods
    assert all(bound.value is not None for bound in sum_bounds(tidy, tidy.rank_demand))


def test_runs_are_measured_and_resumed(tmp_path: Path) -> None:
    tasks = [Task("priorities-fit", seed, 3.0, "", tmp_path) for seed in (0, 1)]
    told: list[str] = []
    assert run_tasks(tasks[:1], Serial(), lambda task, error: told.append(task.key)) == {}
    assert run_tasks(tasks, Serial(), lambda task, error: told.append(task.key)) == {}
    assert told == [tasks[0].key, tasks[1].key]
    runs = read_runs(tmp_path)
    assert [run.seed for run in runs["priorities-fit"]] == [0, 1]
    assert all(run.verified for run in runs["priorities-fit"])
    lines = table_rows(runs)
    assert {len(line) for line in lines} == {len(HEAD)}
    write_report(tmp_path / "report.html", runs, ["something: why"], {"versions": {"numpy": "2"}})
    page = (tmp_path / "report.html").read_text()
    assert "priorities, usage 90 and 95 %" in page
    assert "something: why" in page


def test_the_scheduler_is_beaten_where_that_can_be(tmp_path: Path) -> None:
    tasks = [Task("priorities-beat", seed, 1.0, "", tmp_path) for seed in (2, 3)]
    assert run_tasks(tasks, Serial(), lambda task, error: None) == {}
    runs = read_runs(tmp_path)["priorities-beat"]
    assert all(run.verified for run in runs)
    assert all(run.steps[-1][1] == 0.0 for run in runs if run.applies)


def test_the_scheduler_and_the_solver_count_the_same() -> None:
    problem = with_priorities(4, 4, 100, seed=0)
    scheduled = placed_by_scheduler(problem, 0)
    best = solve(problem, objective="priority", deterministic_limit=2.0)
    assert len(scheduled) == len(problem.rank_demand) == len(best.levels)
    assert scheduled <= tuple(level.value or 0 for level in best.levels)
    # One that has room for everything loses to nobody.
    roomy = with_priorities(4, 4, 40, seed=0)
    assert placed_by_scheduler(roomy, 0) == roomy.rank_demand
    run = measured_better(lambda seed: roomy, 0, 1.0, "")
    assert (run.applies, run.verified) == (False, True)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    tasks, left_out = tasks_of(ROWS, tmp_path, quick=True)
    assert {task.row for task in tasks} == {row.key for row in ROWS if row.quick and not row.needs_trace}
    assert any("openb-default: needs the openb trace" in reason for reason in left_out)
    assert sum(task.limit_s for task in tasks) < 600
    assert row_of("nodes-1000-50").seeds == tuple(range(10))
