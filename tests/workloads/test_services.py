from __future__ import annotations

import itertools

import numpy as np
import pytest

from binpack.sim.streams import stream
from binpack.sim.timeline import Apply, Delete, Scale
from binpack.units import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE
from workloads.arrivals import AtTimes, Population
from workloads.distributions import Choice, Constant
from workloads.lifetimes import Lasting
from workloads.services import NowAndThen, Services, WithTheDay
from workloads.shapes import Catalogue, Size

SHAPE = Catalogue((Size(500, 1024),))


def events_of(services: Services, span_us: int = US_PER_DAY):
    return services.events(lambda name: stream(1, name), span_us)


def test_a_service_is_a_deployment_until_it_ends():
    services = Services("web", AtTimes((0, US_PER_HOUR)), Constant(3), SHAPE, lifetime=Lasting(Constant(7200)), namespace="shop")
    applied, deleted, second = events_of(services, 3 * US_PER_HOUR)
    assert isinstance(applied, Apply)
    assert applied.object.metadata.namespace == "shop"
    assert applied.object.spec.replicas == 3
    template = applied.object.spec.template
    assert template.spec.containers[0].image == "registry.example.com/web-000:1"
    assert {name: str(amount) for name, amount in template.spec.containers[0].resources.requests.items()} == {
        "cpu": "500m",
        "memory": "1024Mi",
    }
    assert deleted == Delete(2 * US_PER_HOUR, "Deployment", "web-000", "shop")
    assert second.object.metadata.name == "web-001"  # it would end with the run, so nothing deletes it


def test_one_that_outlives_the_run_is_not_deleted():
    services = Services("web", AtTimes((0,)), Constant(1), SHAPE, lifetime=Lasting(Constant(7200)))
    assert [type(event) for event in events_of(services, 2 * US_PER_HOUR)] == [Apply]


def test_replicas_follow_the_day():
    services = Services("web", Population(1), Constant(10), SHAPE, scaling=WithTheDay(amplitude=0.5, peak_hour=14, every_minutes=30))
    scalings = [event for event in events_of(services) if isinstance(event, Scale)]
    replicas = [event.replicas for event in scalings]
    assert (min(replicas), max(replicas)) == (5, 15)
    peak = max(scalings, key=lambda event: event.replicas).time_us
    assert 12 * US_PER_HOUR < peak < 16 * US_PER_HOUR
    assert all(before != after for before, after in itertools.pairwise(replicas))


def test_services_are_not_scaled_in_step():
    services = Services("web", Population(2), Constant(10), SHAPE, scaling=WithTheDay())
    first = {event.time_us for event in events_of(services) if isinstance(event, Scale) and event.name == "web-000"}
    second = {event.time_us for event in events_of(services) if isinstance(event, Scale) and event.name == "web-001"}
    assert not first & second


def test_a_rollout_changes_the_template_and_keeps_the_replicas_of_the_moment():
    services = Services(
        "web",
        AtTimes((US_PER_HOUR,)),
        Constant(4),
        SHAPE,
        scaling=NowAndThen(AtTimes((10 * US_PER_MINUTE,)), Constant(2)),
        rollouts=AtTimes((5 * US_PER_MINUTE, 20 * US_PER_MINUTE)),
    )
    seen = []
    for event in events_of(services):
        if isinstance(event, Scale):
            seen.append((event.time_us // US_PER_MINUTE, event.replicas))
        elif isinstance(event, Apply):
            seen.append(
                (event.time_us // US_PER_MINUTE, event.object.spec.replicas, event.object.spec.template.spec.containers[0].image[-2:])
            )
    assert seen == [(60, 4, ":1"), (65, 4, ":2"), (70, 8), (80, 8, ":3")]


@pytest.mark.parametrize("factor", [0.01, 0.4])
def test_never_scaled_to_nothing(factor):
    steps = NowAndThen(AtTimes((5,)), Constant(factor)).steps(np.random.default_rng(1), 3, 0, 10)
    assert steps == [(5, 1)]


def test_a_scaling_that_changes_nothing_is_left_out():
    steps = NowAndThen(AtTimes((1, 2, 3)), Choice((1.0,))).steps(np.random.default_rng(1), 3, 0, 10)
    assert steps == []
