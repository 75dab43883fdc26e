"""A workload: node pools, the objects that are there, and sources of demand. With a seed it gives a cluster and a timeline."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from binpack.errors import ConfigurationError
from binpack.model.kinds import KubernetesObject
from binpack.model.meta import ObjectMeta
from binpack.model.node import Node
from binpack.model.policy import Namespace
from binpack.sim.streams import stream
from binpack.sim.timeline import Apply, TimelineEvent
from workloads.pools import NodePool
from workloads.source import Source


@dataclass(frozen=True)
class Workload:
    """What a family of runs has in common; one run is this and a seed.

    Parameters
    ----------
    name : str
    description : str
        One line for lists.
    span_us : int
        Virtual time of a run, microseconds.
    pools : tuple[NodePool, ...]
    sources : tuple[Source, ...]
        Their names are distinct: each has random streams of its own, so that changing one leaves the others' demand as it was.
    objects : tuple[KubernetesObject, ...]
        Other objects that are there from the start, such as PriorityClasses.
    """

    name: str
    description: str
    span_us: int
    pools: tuple[NodePool, ...]
    sources: tuple[Source, ...]
    objects: tuple[KubernetesObject, ...] = ()

    def __post_init__(self) -> None:
        for what, given in (("pool", [pool.name for pool in self.pools]), ("source", [source.name for source in self.sources])):
            twice = sorted({name for name in given if given.count(name) > 1})
            if twice:
                raise ConfigurationError(f'workload "{self.name}": {what} name "{twice[0]}" is used twice (accepted: distinct names)')


@dataclass(frozen=True)
class Generated:
    """A cluster, and what happens to it from outside.

    Parameters
    ----------
    name : str
        Of the workload or trace.
    nodes : tuple[Node, ...]
        There from the start.
    events : tuple[TimelineEvent, ...]
        In order of time; what comes at one instant takes effect in this order.
    span_us : int
        End of the run, microseconds; no event is at it or later.
    notes : dict[str, int]
        What a reader of a trace left out, by reason.
    """

    name: str
    nodes: tuple[Node, ...]
    events: tuple[TimelineEvent, ...]
    span_us: int
    notes: dict[str, int] = field(default_factory=dict)


def generate(workload: Workload, seed: int) -> Generated:
    """Draw one run: a pure function of the workload and the seed.

    Parameters
    ----------
    workload : Workload
    seed : int
        Not negative.

    Examples
    --------
    >>> from workloads.presets import preset
    >>> drawn = generate(preset("small"), seed=1)
    >>> len(drawn.nodes), drawn.events == generate(preset("small"), seed=1).events
    (12, True)
    """
    events: list[TimelineEvent] = [Apply(0, present) for present in (*_namespaces(workload), *workload.objects)]
    for source in workload.sources:

        def streams(name: str, *, prefix: str = f"workload/{workload.name}/{source.name}") -> np.random.Generator:
            return stream(seed, f"{prefix}/{name}")

        events += source.events(streams, workload.span_us)
    # A stable sort: at one instant what was made first comes first, and an object's own events keep their order.
    events.sort(key=lambda event: event.time_us)
    nodes = tuple(node for pool in workload.pools for node in pool.nodes())
    return Generated(name=workload.name, nodes=nodes, events=tuple(events), span_us=workload.span_us)


def _namespaces(workload: Workload) -> list[Namespace]:
    used = dict.fromkeys(source.namespace for source in workload.sources)
    return [Namespace(metadata=ObjectMeta(name=name, labels={"kubernetes.io/metadata.name": name})) for name in used]
