"""What pods ask for beside resources: places, company, solitude, tolerance, importance. Each applies to a pod under construction.

A constraint about "its own" pods selects by the label `app`, which every workload source sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from binpack.testing.pods import PodBuilder
from binpack.testing.values import HOSTNAME, ZONE, expression
from workloads.distributions import pick


class Constraint(Protocol):
    """Adds to what a pod asks for."""

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Return the pod with the constraint."""
        ...


@dataclass(frozen=True)
class Share:
    """Constraints for a share of the pods; they come together or not at all.

    Parameters
    ----------
    share : float
        From 0 to 1.
    constraints : tuple[Constraint, ...]
    """

    share: float
    constraints: tuple[Constraint, ...]

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Draw whether the pod is one of the share, and constrain it then."""
        if generator.random() >= self.share:
            return pod
        return constrained(pod, self.constraints, generator)


@dataclass(frozen=True)
class OneOf:
    """One of several sets of constraints, by weight.

    Parameters
    ----------
    parts : tuple[tuple[float, tuple[Constraint, ...]], ...]
        Weight and constraints.
    """

    parts: tuple[tuple[float, tuple[Constraint, ...]], ...]

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Draw the set, and constrain the pod by it."""
        index = int(pick(generator, tuple(weight for weight, _ in self.parts), 1)[0])
        return constrained(pod, self.parts[index][1], generator)


@dataclass(frozen=True)
class InSome:
    """Only on nodes where a label has one of a few values, drawn from those that there are: required node affinity.

    Parameters
    ----------
    values : tuple[str, ...]
    key : str
    count : int
        How many values are allowed.
    weight : int, optional
        Preferred with this weight, 1 to 100, instead of required.
    """

    values: tuple[str, ...]
    key: str = ZONE
    count: int = 1
    weight: int | None = None

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Draw the allowed values."""
        chosen = np.sort(generator.permutation(len(self.values))[: self.count])
        requirement = expression(self.key, "In", *(self.values[index] for index in chosen))
        return pod.requires_node(requirement) if self.weight is None else pod.prefers_node(self.weight, requirement)


@dataclass(frozen=True)
class Selects:
    """A node selector on one label."""

    key: str
    value: str

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Add the selector; draws nothing."""
        return pod.selects({self.key: self.value})


@dataclass(frozen=True)
class Tolerates:
    """A toleration of one taint; without a value, of all values."""

    key: str
    value: str | None = None
    effect: str = ""

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Add the toleration; draws nothing."""
        return pod.tolerates(self.key, self.value, effect=self.effect)


@dataclass(frozen=True)
class Spread:
    """Its own pods evenly over the values of a node label: a topology spread constraint."""

    topology_key: str = ZONE
    max_skew: int = 1
    when: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Add the constraint; draws nothing."""
        return pod.spread(self.topology_key, max_skew=self.max_skew, when=self.when, labels=_own(pod))


@dataclass(frozen=True)
class Apart:
    """No two of its own pods in one place (one node, unless told otherwise): pod anti-affinity, preferred if it has a weight."""

    topology_key: str = HOSTNAME
    weight: int | None = None

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Add the term; draws nothing."""
        return pod.apart_from(_own(pod), self.topology_key, weight=self.weight)


@dataclass(frozen=True)
class Together:
    """All of its own pods in one place (one zone, unless told otherwise): pod affinity, preferred if it has a weight."""

    topology_key: str = ZONE
    weight: int | None = None

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Add the term; draws nothing."""
        return pod.near(_own(pod), self.topology_key, weight=self.weight)


@dataclass(frozen=True)
class InClass:
    """The name of a PriorityClass, which the workload has to bring (`Workload.objects`)."""

    name: str

    def constrain(self, pod: PodBuilder, generator: np.random.Generator) -> PodBuilder:
        """Name the class; draws nothing."""
        return pod.priority_class(self.name)


def constrained(pod: PodBuilder, constraints: tuple[Constraint, ...], generator: np.random.Generator) -> PodBuilder:
    """Apply constraints one after the other."""
    for constraint in constraints:
        pod = constraint.constrain(pod, generator)
    return pod


def _own(pod: PodBuilder) -> dict[str, str]:
    return {"app": pod.draft.metadata.labels["app"]}
