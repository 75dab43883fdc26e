from __future__ import annotations

import pytest

from binpack.errors import ConfigurationError
from binpack.sim.streams import stream
from binpack.sim.timeline import Delete
from binpack.units import US_PER_HOUR, US_PER_S
from workloads.arrivals import AtTimes
from workloads.batches import BarePods, Batches
from workloads.constraints import InClass
from workloads.distributions import Constant
from workloads.lifetimes import Endless, Lasting
from workloads.shapes import Catalogue, Size

SHAPE = Catalogue((Size(500, 1024),))


def events_of(source):
    return source.events(lambda name: stream(1, name), US_PER_HOUR)


def test_a_job_says_how_long_its_pods_run():
    (applied,) = events_of(
        Batches("job", AtTimes((5,)), Constant(6), SHAPE, Lasting(Constant(90)), most_parallel=4, constraints=(InClass("low"),))
    )
    assert applied.time_us == 5
    spec = applied.object.spec
    assert (spec.completions, spec.parallelism) == (6, 4)
    assert spec.template.metadata.annotations == {"binpack.dev/duration": "90s"}
    assert (spec.template.spec.restart_policy, spec.template.spec.priority_class_name) == ("Never", "low")


def test_a_job_that_never_ends_is_refused():
    with pytest.raises(ConfigurationError, match='source "job": a Job whose pods never end'):
        events_of(Batches("job", AtTimes((5,)), Constant(6), SHAPE, Endless()))


def test_bare_pods_complete():
    (applied,) = events_of(BarePods("task", AtTimes((5,)), SHAPE, Lasting(Constant(90)), namespace="ci"))
    assert applied.object.key == "ci/task-000"
    assert applied.object.metadata.annotations == {"binpack.dev/duration": "90s"}
    assert applied.object.spec.restart_policy == "Never"


def test_or_are_deleted():
    applied, deleted = events_of(BarePods("task", AtTimes((5,)), SHAPE, Lasting(Constant(90)), ends="is-deleted"))
    assert applied.object.metadata.annotations == {}
    assert deleted == Delete(5 + 90 * US_PER_S, "Pod", "task-000", "default")


@pytest.mark.parametrize("lifetime", [Endless(), Lasting(Constant(4000))])
def test_or_stay_to_the_end(lifetime):
    assert len(events_of(BarePods("task", AtTimes((5,)), SHAPE, lifetime, ends="is-deleted"))) == 1
