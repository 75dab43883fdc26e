from __future__ import annotations

from dataclasses import replace

import pytest

from binpack.errors import ConfigurationError
from binpack.model.policy import Namespace
from binpack.sim.timeline import Apply
from binpack.testing import priority_class
from binpack.units import US_PER_HOUR
from workloads.arrivals import Poisson
from workloads.batches import BarePods, Batches
from workloads.distributions import Constant, Exponential, LogUniform
from workloads.lifetimes import Lasting
from workloads.pools import NodePool
from workloads.services import Services
from workloads.shapes import CpuAndMemory
from workloads.workload import Workload, generate

SHAPE = CpuAndMemory(LogUniform(100, 4000), LogUniform(1, 8))
SERVICES = Services("web", Poisson(20), Constant(3), SHAPE, lifetime=Lasting(Exponential(1800)))
TASKS = BarePods("task", Poisson(40), SHAPE, Lasting(Exponential(300)), namespace="ci")
WORKLOAD = Workload("w", "for tests", 4 * US_PER_HOUR, (NodePool("a", "general-8", 3),), (SERVICES, TASKS), (priority_class("high", 10),))


def demand_of(generated, prefix: str):
    return [
        event for event in generated.events if (event.object.metadata.name if isinstance(event, Apply) else event.name).startswith(prefix)
    ]


def test_a_run_is_a_function_of_workload_and_seed():
    assert generate(WORKLOAD, 3) == generate(WORKLOAD, 3)
    assert generate(WORKLOAD, 3).events != generate(WORKLOAD, 4).events
    assert generate(WORKLOAD, 3).nodes == generate(WORKLOAD, 4).nodes


def test_events_are_in_order_and_within_the_span():
    generated = generate(WORKLOAD, 3)
    times = [event.time_us for event in generated.events]
    assert times == sorted(times)
    assert times[-1] < generated.span_us
    assert generated.span_us == WORKLOAD.span_us


def test_what_is_there_from_the_start_comes_first():
    first = [event.object for event in generate(WORKLOAD, 3).events[:3]]
    assert [item.metadata.name for item in first] == ["default", "ci", "high"]
    assert isinstance(first[0], Namespace)


def test_one_source_does_not_disturb_another():
    other = replace(
        WORKLOAD,
        sources=(replace(SERVICES, arrivals=Poisson(50)), TASKS, Batches("job", Poisson(5), Constant(2), SHAPE, Lasting(Constant(60)))),
    )
    assert demand_of(generate(other, 3), "task") == demand_of(generate(WORKLOAD, 3), "task")
    assert demand_of(generate(other, 3), "web") != demand_of(generate(WORKLOAD, 3), "web")


def test_lifetimes_do_not_disturb_arrivals_and_shapes():
    other = replace(WORKLOAD, sources=(SERVICES, replace(TASKS, lifetime=Lasting(Exponential(900)))))

    def arrivals(generated):
        return [(event.time_us, event.object.spec.containers) for event in demand_of(generated, "task")]

    assert arrivals(generate(other, 3)) == arrivals(generate(WORKLOAD, 3))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sources": (SERVICES, SERVICES)}, 'workload "w": source name "web" is used twice'),
        ({"pools": (NodePool("a", "general-8", 1), NodePool("a", "general-16", 1))}, 'workload "w": pool name "a" is used twice'),
    ],
)
def test_names_used_twice_are_refused(changes, said):
    with pytest.raises(ConfigurationError, match=said):
        replace(WORKLOAD, **changes)
