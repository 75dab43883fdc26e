"""Services: Deployments that arrive, are scaled and rolled out, and end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.model.base import replace
from binpack.model.workloads import Deployment
from binpack.sim.timeline import Apply, Delete, Scale, TimelineEvent
from binpack.testing.owners import deployment
from binpack.testing.pods import PodBuilder
from binpack.units import US_PER_MINUTE
from workloads.arrivals import Arrivals, day_curve
from workloads.constraints import Constraint
from workloads.distributions import Distribution
from workloads.lifetimes import ENDLESS, FOREVER, Lifetime
from workloads.shapes import Shape
from workloads.source import Streams, names, pod_templates, whole

NO_DEADLINE = (1 << 31) - 1
"""The `progressDeadlineSeconds` that Kubernetes takes for none."""


class Scaling(Protocol):
    """Draws how the replicas of one service change."""

    def steps(self, generator: np.random.Generator, replicas: int, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Return (time in microseconds, replicas) in order of time, for a service that starts with `replicas`."""
        ...


@dataclass(frozen=True)
class WithTheDay:
    """Replicas follow the hour of the day, as an autoscaler on traffic would let them.

    Parameters
    ----------
    amplitude : float
        0: constant; 0.5: from half to one and a half times the mean.
    peak_hour : float
        The run starts at hour 0.
    every_minutes : float
        How often the service is scaled; its first time is drawn, so that services do not move together.
    """

    amplitude: float = 0.5
    peak_hour: float = 14.0
    every_minutes: float = 30.0

    def steps(self, generator: np.random.Generator, replicas: int, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Draw the first time, then follow the curve; only changes are kept."""
        every_us = int(self.every_minutes * US_PER_MINUTE)
        times = np.arange(start_us + int(generator.random() * every_us), end_us, every_us, dtype=np.int64)
        wanted = whole(replicas * (1.0 + self.amplitude * day_curve(times, self.peak_hour)))
        return _changes(replicas, times, wanted)


@dataclass(frozen=True)
class NowAndThen:
    """Replicas are multiplied at random times, and never grow or shrink for good.

    Parameters
    ----------
    arrivals : Arrivals
        When one service is scaled.
    factor : Distribution
        Of the number that the service started with.
    """

    arrivals: Arrivals
    factor: Distribution

    def steps(self, generator: np.random.Generator, replicas: int, start_us: int, end_us: int) -> list[tuple[int, int]]:
        """Draw the times, then the factors; only changes are kept."""
        times = start_us + self.arrivals.times(generator, end_us - start_us)
        return _changes(replicas, times, whole(replicas * self.factor.draw(generator, times.size)))


@dataclass(frozen=True)
class Services:
    """Deployments.

    Parameters
    ----------
    name : str
        Prefix of their names.
    arrivals : Arrivals
    replicas : Distribution
        Rounded, at least one.
    shape : Shape
        Requests of each pod.
    lifetime : Lifetime
        After it the Deployment is deleted.
    constraints : tuple[Constraint, ...]
    scaling : Scaling, optional
    rollouts : Arrivals, optional
        When one service gets a new image, which rolls its pods one after the other.
    namespace : str
    """

    name: str
    arrivals: Arrivals
    replicas: Distribution
    shape: Shape
    lifetime: Lifetime = ENDLESS
    constraints: tuple[Constraint, ...] = ()
    scaling: Scaling | None = None
    rollouts: Arrivals | None = None
    namespace: str = "default"

    def events(self, streams: Streams, span_us: int) -> list[TimelineEvent]:
        """Draw all Deployments, and what happens to each."""
        starts = self.arrivals.times(streams("arrivals"), span_us)
        replicas = whole(self.replicas.draw(streams("replicas"), starts.size))
        lifetimes = self.lifetime.draw(streams("lifetimes"), starts.size)
        requests = self.shape.draw(streams("shapes"), starts.size)
        templates = pod_templates(
            names(self.name, starts.size), requests, self.constraints, streams("constraints"), namespace=self.namespace
        )
        changes = streams("changes")
        events: list[TimelineEvent] = []
        for index, template in enumerate(templates):
            start_us = int(starts[index])
            end_us = span_us if lifetimes[index] == FOREVER else min(start_us + int(lifetimes[index]), span_us)
            events += self._life_of(template, int(replicas[index]), start_us, end_us, changes)
            if end_us < span_us:
                events.append(Delete(end_us, "Deployment", template.draft.metadata.name, self.namespace))
        return events

    def _life_of(
        self, template: PodBuilder, replicas: int, start_us: int, end_us: int, generator: np.random.Generator
    ) -> list[TimelineEvent]:
        """Apply the Deployment, then fold its scalings and rollouts in order of time: a rollout keeps the replicas of the moment."""
        name = template.draft.metadata.name
        image = f"registry.example.com/{name}"
        scalings = self.scaling.steps(generator, replicas, start_us, end_us) if self.scaling else []
        rollouts = (start_us + self.rollouts.times(generator, end_us - start_us)).tolist() if self.rollouts else []
        changes: list[tuple[int, Literal["scale", "roll"], int]] = [(time_us, "scale", wanted) for time_us, wanted in scalings]
        changes += [(time_us, "roll", number) for number, time_us in enumerate(rollouts, start=2)]
        events: list[TimelineEvent] = [Apply(start_us, _deployment(name, template.image(f"{image}:1"), replicas))]
        for time_us, change, value in sorted(changes):
            if change == "scale":
                replicas = value
                events.append(Scale(time_us, "Deployment", name, self.namespace, replicas))
            else:
                events.append(Apply(time_us, _deployment(name, template.image(f"{image}:{value}"), replicas)))
        return events


def _deployment(name: str, template: PodBuilder, replicas: int) -> Deployment:
    built = deployment(name, template, replicas=replicas)
    # Nobody reads the verdict, and past its deadline the controller looks at a Deployment every 5 ms until its pods are available.
    return replace(built, spec=replace(built.spec, progress_deadline_seconds=NO_DEADLINE))


def _changes(replicas: int, times: NDArray[np.int64], wanted: NDArray[np.int64]) -> list[tuple[int, int]]:
    steps = []
    for time_us, number in zip(times.tolist(), wanted.tolist(), strict=True):
        if number != replicas:
            steps.append((time_us, number))
            replicas = number
    return steps
