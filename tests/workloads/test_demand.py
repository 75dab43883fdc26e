from __future__ import annotations

import numpy as np

from binpack.sim.timeline import Apply, Delete, Scale
from binpack.testing import deployment, job, node, pod
from binpack.units import MIB, US_PER_S
from workloads.demand import demand, pod_groups
from workloads.summary import summarize
from workloads.workload import Generated

SECOND = US_PER_S
WEB = pod().request(cpu="1")
CRUNCH = pod().request(cpu="2", memory="10Mi").lasts(10)
EVENTS = (
    Apply(0, deployment("web", WEB, replicas=2)),
    Apply(5 * SECOND, job("crunch", CRUNCH, completions=3, parallelism=2)),
    Scale(10 * SECOND, "Deployment", "web", "default", 5),
    Apply(12 * SECOND, pod("one").request(cpu="500m").lasts(3).build()),
    Apply(13 * SECOND, pod("two").request(cpu="500m").build()),
    Delete(14 * SECOND, "Pod", "two", "default"),
    Apply(20 * SECOND, deployment("web", WEB.image("web:2"), replicas=5)),
    Delete(40 * SECOND, "Deployment", "web", "default"),
)
GENERATED = Generated("w", (node("n").cpu(20).build(),), EVENTS, 100 * SECOND)


def at(times_us, values, second: float) -> int:
    return int(values[np.searchsorted(times_us, int(second * SECOND), side="right") - 1])


def test_pods_wanted_over_time():
    wanted = demand(GENERATED)
    pods = {second: at(wanted.times_us, wanted.pods, second) for second in (0, 6, 11, 12.5, 13.5, 15, 21, 30, 41)}
    assert pods == {0: 2, 6: 4, 11: 7, 12.5: 8, 13.5: 9, 15: 6, 21: 6, 30: 5, 41: 0}


def test_requests_over_time():
    wanted = demand(GENERATED)
    assert at(wanted.times_us, wanted.resources["cpu"], 6) == 2 * 1000 + 2 * 2000
    assert at(wanted.times_us, wanted.resources["memory"], 6) == 20 * MIB
    assert at(wanted.times_us, wanted.resources["cpu"], 41) == 0


def test_pods_created():
    # Two and then three replicas of web, five more when it is rolled out, three of the Job, two on their own.
    assert sum(group.created for group in pod_groups(GENERATED)) == 2 + 3 + 5 + 3 + 2


def test_nothing_asked_for():
    wanted = demand(Generated("w", (), (), SECOND))
    assert wanted.times_us.tolist() == [0]
    assert wanted.pods.tolist() == [0]


def test_summary_of_it():
    summary = summarize(GENERATED, GENERATED)
    assert summary.runs == 2
    assert summary.counts == {"nodes": 1, "Deployments applied": 2, "Jobs applied": 1, "pods without owner": 2, "pods created": 15}
    rows = {row.quantity: row for row in summary.rows}
    assert rows["CPU request (milli-cores)"].mean == (10 * 1000 + 3 * 2000 + 2 * 500) / 15
    assert rows["CPU request (milli-cores)"].quantiles == (500, 1000, 2000, 2000)
    assert rows["run time of pods that finish (s)"].largest == 10
    assert rows["cpu wanted (% of allocatable)"].largest == 100 * (5000 + 4000 + 1000) / 20_000
