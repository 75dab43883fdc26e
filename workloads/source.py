"""What a source of demand is: something that, given random streams and a span, says what is applied and deleted when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.sim.timeline import TimelineEvent
from binpack.testing.pods import PodBuilder, pod
from workloads.constraints import Constraint, constrained
from workloads.shapes import Requests, quantities

Streams = Callable[[str], np.random.Generator]
"""Begins the stream of that name; the names of one source are its own."""


class Source(Protocol):
    """A source of demand."""

    @property
    def name(self) -> str:
        """Prefix of the names of its objects, and the name of its random streams."""
        ...

    @property
    def namespace(self) -> str:
        """Where its objects live."""
        ...

    def events(self, streams: Streams, span_us: int) -> list[TimelineEvent]:
        """Draw everything that this source does from 0 to before `span_us`; the order is that of its making, not of time."""
        ...


def names(prefix: str, count: int) -> list[str]:
    """Number `count` objects: `web-000`, `web-001`."""
    width = max(3, len(str(max(count - 1, 0))))
    return [f"{prefix}-{number:0{width}d}" for number in range(count)]


def pod_templates(
    labels: Sequence[str], requests: Requests, constraints: tuple[Constraint, ...], generator: np.random.Generator, *, namespace: str
) -> list[PodBuilder]:
    """Build one pod a label: `app: <label>`, its requests, then the constraints in order."""
    templates = []
    for index, label in enumerate(labels):
        draft = pod(label, namespace=namespace).label(app=label).request(quantities(requests, index))
        templates.append(constrained(draft, constraints, generator))
    return templates


def whole(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round to whole numbers of at least one."""
    return np.maximum(np.rint(numbers), 1).astype(np.int64)
