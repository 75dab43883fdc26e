"""Finite work: Jobs, and pods that nobody owns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from binpack.errors import ConfigurationError
from binpack.model.workloads import Job
from binpack.sim.timeline import Apply, Delete, TimelineEvent
from binpack.testing.owners import job
from binpack.testing.pods import PodBuilder
from binpack.units import US_PER_S
from workloads.arrivals import Arrivals
from workloads.constraints import Constraint
from workloads.distributions import Distribution
from workloads.lifetimes import ENDLESS, FOREVER, Lifetime
from workloads.shapes import Shape
from workloads.source import Streams, names, pod_templates, whole


@dataclass(frozen=True)
class Batches:
    """Jobs. All pods of a Job ask for the same and run for the same time, which counts from their start.

    Parameters
    ----------
    name : str
        Prefix of their names.
    arrivals : Arrivals
    completions : Distribution
        Pods that have to succeed, rounded, at least one.
    shape : Shape
        Requests of each pod.
    duration : Lifetime
        How long each pod runs; it has to end.
    most_parallel : int
        At most so many pods of a Job at a time.
    constraints : tuple[Constraint, ...]
    namespace : str
    """

    name: str
    arrivals: Arrivals
    completions: Distribution
    shape: Shape
    duration: Lifetime
    most_parallel: int = 1_000_000
    constraints: tuple[Constraint, ...] = ()
    namespace: str = "default"

    def events(self, streams: Streams, span_us: int) -> list[TimelineEvent]:
        """Draw all Jobs."""
        starts = self.arrivals.times(streams("arrivals"), span_us)
        completions = whole(self.completions.draw(streams("completions"), starts.size))
        durations = self.duration.draw(streams("durations"), starts.size)
        requests = self.shape.draw(streams("shapes"), starts.size)
        templates = pod_templates(
            names(self.name, starts.size), requests, self.constraints, streams("constraints"), namespace=self.namespace
        )
        return [
            Apply(start_us, self._job(template, wanted, duration_us))
            for start_us, template, wanted, duration_us in zip(
                starts.tolist(), templates, completions.tolist(), durations.tolist(), strict=True
            )
        ]

    def _job(self, template: PodBuilder, completions: int, duration_us: int) -> Job:
        if duration_us == FOREVER:
            raise ConfigurationError(f'source "{self.name}": a Job whose pods never end (accepted: a duration that ends, like Lasting)')
        timed = template.lasts(duration_us / US_PER_S)
        return job(template.draft.metadata.name, timed, completions=completions, parallelism=min(completions, self.most_parallel))


@dataclass(frozen=True)
class BarePods:
    """Pods without an owner, which nothing recreates.

    Parameters
    ----------
    name : str
        Prefix of their names.
    arrivals : Arrivals
    shape : Shape
    lifetime : Lifetime
    ends : {"completes", "is-deleted"}
        Whether a pod runs for its lifetime once started, then succeeds; or is deleted that long after its arrival, started or not.
    constraints : tuple[Constraint, ...]
    namespace : str
    """

    name: str
    arrivals: Arrivals
    shape: Shape
    lifetime: Lifetime = ENDLESS
    ends: Literal["completes", "is-deleted"] = "completes"
    constraints: tuple[Constraint, ...] = ()
    namespace: str = "default"

    def events(self, streams: Streams, span_us: int) -> list[TimelineEvent]:
        """Draw all pods."""
        starts = self.arrivals.times(streams("arrivals"), span_us)
        lifetimes = self.lifetime.draw(streams("lifetimes"), starts.size)
        requests = self.shape.draw(streams("shapes"), starts.size)
        templates = pod_templates(
            names(self.name, starts.size), requests, self.constraints, streams("constraints"), namespace=self.namespace
        )
        events: list[TimelineEvent] = []
        for start_us, template, lifetime_us in zip(starts.tolist(), templates, lifetimes.tolist(), strict=True):
            if self.ends == "completes" and lifetime_us != FOREVER:
                template = template.restarts("Never").lasts(lifetime_us / US_PER_S)
            events.append(Apply(start_us, template.build()))
            if self.ends == "is-deleted" and lifetime_us < span_us - start_us:
                events.append(Delete(start_us + lifetime_us, "Pod", template.draft.metadata.name, self.namespace))
        return events
