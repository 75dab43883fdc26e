"""The kubelet's verdict on a pod that is bound to its node: take it, refuse it, or take it and end others for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from binpack.control.clock import Clock
from binpack.control.node.machine import Machine
from binpack.control.node.node_admission import Rejection, allocatable_of, other_rejection, pressure_rejection, shortages
from binpack.control.node.node_preemption import victims_for
from binpack.control.node.pod_plan import PodPlan, is_critical
from binpack.control.node.pod_worker import PodWorker
from binpack.control.records import EventSink, Record
from binpack.model.meta import Condition
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a pod is refused, or which others have to go first; neither: it is taken."""

    rejection: Rejection | None = None
    victims: tuple[PodWorker, ...] = ()


class PodAdmission:
    """Judges pods.

    Parameters
    ----------
    sink : EventSink
    clock : Clock
    """

    def __init__(self, sink: EventSink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._offered: dict[str, tuple[Mapping[str, Quantity] | None, dict[str, int]]] = {}

    def judge(self, pod: Pod, plan: PodPlan, node: Node, machine: Machine) -> Verdict:
        """Judge a pod against the node and all pods of it that may still run."""
        rejection = pressure_rejection(pod, machine.conditions)
        if rejection is not None:
            return Verdict(rejection)
        short = shortages(plan, machine, self._allocatable(node))
        other = other_rejection(pod, plan, node, machine)
        if not short:
            return _TAKEN if other is None else Verdict(other)
        if other is None and is_critical(pod):
            victims = victims_for(pod, [worker for worker in machine.alive() if worker.stage != "stopping"], short)
            if victims is not None:
                return Verdict(victims=tuple(victims))
            return Verdict(Rejection("UnexpectedAdmissionError", "Unexpected error while attempting to recover from admission failure"))
        return Verdict(other if other is not None and is_critical(pod) else short[0].rejection)

    def condemn(self, victim: PodWorker) -> None:
        """Mark a pod as pushed off by a critical one."""
        victim.reason, victim.message = "Preempting", "Preempted in order to admit critical pod"
        victim.disruption = Condition(
            "DisruptionTarget", "True", "TerminationByKubelet", "Pod was preempted by Kubelet to accommodate a critical pod."
        )
        self._sink.record(self._clock.now_us, "kubelet", Record(victim.pod, "Warning", victim.reason, victim.message))

    def _allocatable(self, node: Node) -> dict[str, int]:
        known = self._offered.get(node.name)
        if known is None or known[0] is not node.status.allocatable:
            known = self._offered[node.name] = (node.status.allocatable, allocatable_of(node))
        return known[1]


_TAKEN = Verdict()
