"""DefaultBinder: binds the pod to the chosen node.

Source: defaultbinder/default_binder.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.model.base import replace
from binpack.model.pod import Pod


class DefaultBinder:
    """Says what a binding makes of a pod. Whoever drives the cycle writes it where its pods live."""

    name: ClassVar[str] = "DefaultBinder"
    points: ClassVar[frozenset[Point]] = frozenset({Point.BIND})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ()
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = ()

    def bind(self, pod: Pod, node_name: str) -> Pod:
        """Return the pod as the API server holds it once bound."""
        return replace(pod, spec=replace(pod.spec, node_name=node_name))
