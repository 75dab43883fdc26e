"""SchedulingGates: a pod with gates does not enter the queue.

Source: schedulinggates/scheduling_gates.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.pod import Pod
from binpack.plugins.hints import is_own


class SchedulingGates:
    """Keeps a pod out of the queue while `spec.schedulingGates` names something."""

    name: ClassVar[str] = "SchedulingGates"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_ENQUEUE})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ("schedulingGates",)
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (EventHint(Resource.POD, Action.UPDATE_POD_SCHEDULING_GATES_ELIMINATED, is_own),)

    def pre_enqueue(self, pod: Pod) -> Status | None:
        """Return None if the pod has no gate, else which gates it waits for."""
        gates = pod.spec.scheduling_gates
        if not gates:
            return None
        return unresolvable(f"waiting for scheduling gates: [{' '.join(gate.name for gate in gates)}]")
