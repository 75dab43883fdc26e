"""The three example scenarios of self-healing: a rolling update under load, a zone that fails and heals, a drain of ten nodes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from binpack.plots.cluster_over_time import cluster_over_time
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.units import US_PER_MINUTE

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def done(name: str):
    return run_scenario(load_scenario(EXAMPLES / name))


def log(name: str) -> list[dict]:
    return [json.loads(line) for line in done(name).log().decode().splitlines()]


def available(name: str, *, since_us: int) -> list[int]:
    return [
        one["available"]
        for one in log(name)
        if one.get("object") == "Deployment default/web" and "available" in one and one["timeUs"] >= since_us
    ]


def series(name: str, column: str, since_us: int = 0, until_us: int | None = None) -> list[int]:
    columns = done(name).cluster.columns
    rows = zip(columns["time_us"], columns[column], strict=True)
    return [value for time_us, value in rows if since_us <= time_us and (until_us is None or time_us < until_us)]


def test_the_rolling_update_replaces_all_and_never_falls_below_the_budget():
    name = "rolling-update.yaml"
    assert available(name, since_us=5 * US_PER_MINUTE)[-1] == 40
    assert min(available(name, since_us=5 * US_PER_MINUTE)) >= 34
    web = [row for row in done(name).pods.to_pandas().to_dict("records") if row["pod"].startswith("web-")]
    alive = {row["owner"] for row in web if row["deleted_us"] != row["deleted_us"] or row["deleted_us"] is None}
    assert len({row["owner"] for row in web}) == 2
    assert len(alive) == 1
    assert series(name, "pods_running_count")[-1] == 60
    assert done(name).counters["drain_evicted"] > 0


def test_the_pods_of_a_zone_that_fails_are_made_anew_elsewhere():
    name = "zone-outage.yaml"
    out = 10 * US_PER_MINUTE, 30 * US_PER_MINUTE
    assert min(series(name, "nodes_ready_count", *out)) == 8
    # 64 cpus in the two zones that are left, for 72 pods of one: 8 wait until the zone is back.
    assert max(series(name, "pods_pending_count", *out)) == 8
    assert min(available(name, since_us=out[0])) == 48
    # Pods on the dead nodes keep their phase; what they are not any more is Ready.
    assert min(series(name, "pods_running_count", *out)) >= 72
    assert (min(series(name, "pods_ready_count", *out)), series(name, "pods_ready_count")[-1]) == (48, 72)
    assert available(name, since_us=out[1])[-1] == 72
    assert (series(name, "pods_pending_count")[-1], series(name, "nodes_ready_count")[-1]) == (0, 12)


def test_the_drain_keeps_to_the_budget_and_empties_ten_nodes():
    name = "drain.yaml"
    counters = done(name).counters
    assert (counters["drain_evicted"], counters["drain_timed_out"]) == (60, 0)
    assert counters["drain_refused"] > 0, "the budget forbids some evictions at first"
    assert min(available(name, since_us=6 * US_PER_MINUTE)) == 56
    assert series(name, "nodes_count")[-1] == 10
    rows = done(name).pods.to_pandas()
    assert set(rows[rows["deleted_us"].isna()]["node"]) == {f"new-{number:03d}" for number in range(10)}


@pytest.mark.parametrize("name", ["rolling-update.yaml", "zone-outage.yaml", "drain.yaml"])
def test_each_has_its_plot(name):
    drawn = cluster_over_time(done(name).cluster.to_pandas(), until_us=done(name).until_us, title=name)
    pods, nodes = drawn.axes
    assert (pods.get_xlabel(), pods.get_ylabel(), nodes.get_ylabel()) == ("virtual time (min)", "pods (count)", "nodes (count)")
    assert [len(axes.lines) for axes in drawn.axes] == [3, 3]
    ready = pods.lines[0].get_ydata()
    assert ready[-1] == series(name, "pods_ready_count")[-1]
    assert pods.lines[0].get_xdata()[-1] == done(name).until_us / US_PER_MINUTE
