"""Random pod templates of few classes, with everything that the scheduler reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from binpack.model.base import replace
from binpack.model.pod import (
    Affinity,
    NodeAffinity,
    NodeSelectorTerm,
    Pod,
    PodAffinity,
    PodAffinityTerm,
    PreferredSchedulingTerm,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)
from binpack.testing.pods import pod
from binpack.testing.values import HOSTNAME, PREFER_NO_SCHEDULE, ZONE, expression, selector

NAMESPACES = ("default", "other")
_KEYS = (ZONE, ZONE, HOSTNAME, HOSTNAME, "rack")
_APPS = ("a", "b", "c")

T = TypeVar("T")


def one_of(draw: np.random.Generator, choices: Sequence[T]) -> T:
    """Draw one."""
    return choices[int(draw.integers(len(choices)))]


def draw_templates(draw: np.random.Generator) -> list[Pod]:
    """Draw between two and nine templates; each feature is in some of them."""
    return [_template(draw, number) for number in range(int(draw.integers(2, 10)))]


def _template(draw: np.random.Generator, number: int) -> Pod:
    built = pod(f"template-{number}", namespace="default" if draw.integers(4) else "other").label(app=one_of(draw, _APPS))
    built = built.label(tier=one_of(draw, _APPS)).priority(int(draw.integers(3)))
    if draw.integers(6):
        built = built.request(cpu=f"{int(draw.integers(1, 12)) * 100}m", memory=f"{int(draw.integers(1, 12)) * 128}Mi")
    if draw.integers(6) == 0:
        built = built.request({"example.com/gpu": 1})
    if draw.integers(6) == 0:
        built = built.tolerates("spot")
    elif draw.integers(6) == 0:
        built = built.tolerates("spot", effect=PREFER_NO_SCHEDULE)
    if draw.integers(8) == 0:
        built = built.host_port(8080)
    if draw.integers(5) == 0:
        built = built.image("web")
    if draw.integers(3) == 0:
        built = built.owner("ReplicaSet", f"owner-{number % 3}")
    made = built.build()
    spec = made.spec
    if draw.integers(6) == 0:
        spec = replace(spec, node_selector={"disk": "ssd"})
    if draw.integers(2) == 0:
        spec = replace(spec, topology_spread_constraints=_constraints(draw))
    if draw.integers(2) == 0:
        spec = replace(spec, affinity=_affinity(draw))
    return replace(made, spec=spec)


def _constraints(draw: np.random.Generator) -> tuple[TopologySpreadConstraint, ...]:
    constraints = []
    for key in dict.fromkeys(one_of(draw, _KEYS) for _ in range(int(draw.integers(1, 3)))):
        hard = bool(draw.integers(2))
        constraints.append(
            TopologySpreadConstraint(
                max_skew=int(draw.integers(1, 4)),
                topology_key=key,
                when_unsatisfiable="DoNotSchedule" if hard else "ScheduleAnyway",
                label_selector=selector({"app": one_of(draw, _APPS)}) if draw.integers(8) else selector(),
                min_domains=int(draw.integers(1, 4)) if hard and draw.integers(3) == 0 else None,
                node_affinity_policy="Ignore" if draw.integers(4) == 0 else None,
                node_taints_policy="Honor" if draw.integers(4) == 0 else None,
                match_label_keys=("tier",) if draw.integers(5) == 0 else (),
            )
        )
    return tuple(constraints)


def _affinity(draw: np.random.Generator) -> Affinity:
    node_affinity = None
    if draw.integers(4) == 0:
        term = NodeSelectorTerm(match_expressions=(expression("disk", "In", "ssd"),))
        node_affinity = NodeAffinity(preferred_during_scheduling_ignored_during_execution=(PreferredSchedulingTerm(7, term),))
    near = PodAffinity(
        (_term(draw),) if draw.integers(6) == 0 else (),
        (WeightedPodAffinityTerm(int(draw.integers(1, 101)), _term(draw)),) if draw.integers(3) == 0 else (),
    )
    apart = PodAffinity(
        (_term(draw),) if draw.integers(3) == 0 else (),
        (WeightedPodAffinityTerm(int(draw.integers(1, 101)), _term(draw)),) if draw.integers(4) == 0 else (),
    )
    return Affinity(node_affinity, near, apart)


def _term(draw: np.random.Generator) -> PodAffinityTerm:
    return PodAffinityTerm(
        label_selector=selector({one_of(draw, ("app", "tier")): one_of(draw, _APPS)}),
        topology_key=one_of(draw, _KEYS),
        namespaces=NAMESPACES if draw.integers(5) == 0 else (),
        namespace_selector=selector({"team": "other"}) if draw.integers(6) == 0 else None,
    )
