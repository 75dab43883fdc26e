"""What a kubelet does for one pod after another: it admits, starts, restarts and stops them, and reports.

Source: pkg/kubelet/kubelet.go (HandlePodAdditions, SyncPod), pkg/kubelet/status/status_manager.go (syncPod), v1.35.
"""

from __future__ import annotations

from binpack.control.apiserver.errors import ApiError
from binpack.control.clock import timestamp_of
from binpack.control.node.api_access import ApiAccess
from binpack.control.node.machine import Machine
from binpack.control.node.plans import Plans
from binpack.control.node.pod_admission import PodAdmission
from binpack.control.node.pod_lifecycle import COMPONENT, PodLifecycle
from binpack.control.node.pod_status import rejected, status_of
from binpack.control.node.pod_worker import NEVER, PodWorker
from binpack.control.node.timers import Timers
from binpack.control.node.worker_states import after_reboot, taken_over
from binpack.control.records import EventSink, Record
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod


class PodKeeper:
    """Looks after the pods of all machines.

    Parameters
    ----------
    api : ApiAccess
    sink : EventSink
    lifecycle : PodLifecycle
    timers : Timers
    """

    def __init__(self, api: ApiAccess, sink: EventSink, lifecycle: PodLifecycle, timers: Timers) -> None:
        self._api = api
        self._clock = api.store.clock
        self._sink = sink
        self._lifecycle = lifecycle
        self._timers = timers
        self._plans = Plans()
        self._admission = PodAdmission(sink, api.store.clock)

    def look_at_all(self, machine: Machine) -> None:
        """Begin to look after the pods of a node that its kubelet does not know."""
        for pod in self._api.view.pods_on(machine.name):
            if not pod.is_terminal and not machine.knows(pod.metadata.uid):
                self._accept(machine, pod)

    def look_at(self, machine: Machine, uid: str) -> None:
        """See what has changed about a pod."""
        pod = self._api.view.owner_of(uid)
        worker = machine.workers.get(uid)
        if worker is None:
            if isinstance(pod, Pod) and pod.spec.node_name == machine.name and not pod.is_terminal and uid not in machine.done:
                self._accept(machine, pod)
            return
        if not isinstance(pod, Pod):
            # Gone without us: what runs is stopped all the same, and holds its resources until then.
            self._stop(machine, worker, 1)
            return
        former, worker.pod = worker.pod, pod
        if pod.is_terminating and (
            not worker.is_deleted or former.metadata.deletion_grace_period_seconds != pod.metadata.deletion_grace_period_seconds
        ):
            worker.is_deleted = True
            self._stop(machine, worker, pod.metadata.deletion_grace_period_seconds or 0)
        elif former.metadata.annotations != pod.metadata.annotations:
            self._replan(machine, worker)

    def resume(self, machine: Machine, worker: PodWorker) -> None:
        """Go on with a pod where its kubelet, or its machine, has stopped."""
        if worker.stage == "lost":
            self._restart(machine, worker)
        elif worker.is_alive and not worker.has_begun:
            # It waited for others to make room, or the kubelet died before it did anything: it is admitted anew.
            machine.drop(worker)
            self.look_at(machine, worker.uid)
        elif worker.is_alive:
            self.advance(machine, worker)
        elif machine.reports:
            self.ended(machine, worker)

    def _restart(self, machine: Machine, former: PodWorker) -> None:
        """Start a pod again after its machine has: what was deleted meanwhile is removed, what must not run again has failed."""
        machine.drop(former)
        pod, now_us = self._api.view.owner_of(former.uid), self._clock.now_us
        if not isinstance(pod, Pod) or pod.is_terminal:
            return
        if not former.has_run:
            self._accept(machine, pod)
            return
        worker = after_reboot(former, pod, self._plans.of(pod), now_us)
        machine.add(worker)
        if worker.stage == "ended" or pod.is_terminating:
            worker.stage = "ended"
            self.ended(machine, worker)
        else:
            self._lifecycle.begin(worker, machine, now_us=now_us)
            self._write(machine, worker)
            self._timers.plan(worker)

    def _accept(self, machine: Machine, pod: Pod) -> None:
        """Begin to look after a pod: start it, or (a pod of a cluster that is there already) take over what runs."""
        now_us, plan = self._clock.now_us, self._plans.of(pod)
        if pod.status.phase == "Running":
            worker = taken_over(pod, plan, now_us)
            machine.add(worker)
            self._lifecycle.take_over(worker, now_us=now_us)
            worker.is_deleted = pod.is_terminating
            if pod.is_terminating:
                self._stop(machine, worker, pod.metadata.deletion_grace_period_seconds or 0)
            else:
                self._timers.plan(worker)
            return
        worker = PodWorker(pod, plan)
        if pod.is_terminating:
            machine.add(worker)
            worker.is_deleted, worker.stage = True, "ended"
            self.ended(machine, worker)
            return
        self._admit(machine, worker)

    def _admit(self, machine: Machine, worker: PodWorker) -> None:
        """Admit a pod and start it, refuse it, or let it wait until others have made room."""
        pod, node = worker.pod, self._api.view.find(Node, machine.name)
        if node is None:
            return
        verdict = self._admission.judge(pod, worker.plan, node, machine)
        if verdict.rejection is not None:
            reason, message = verdict.rejection.reason, verdict.rejection.message
            now_us = self._clock.now_us
            self._sink.record(now_us, COMPONENT, Record(pod, "Warning", reason, message))
            try:
                self._api.writer.update_status(replace(pod, status=rejected(pod, reason, message, timestamp_of(now_us))))
                machine.done.add(worker.uid)
            except ApiError:
                self._retry_later(machine)
            return
        machine.add(worker)
        for victim in verdict.victims:
            self._admission.condemn(victim)
            self._lifecycle.stop(victim, victim.pod.spec.termination_grace_period_seconds or 0, self._clock.now_us)
            self.after_stop(machine, victim)
        if any(victim.is_alive for victim in verdict.victims):
            worker.due_us = NEVER
            machine.waiting.append(worker.uid)
            return
        self._begin(machine, worker)

    def _begin(self, machine: Machine, worker: PodWorker) -> None:
        self._lifecycle.begin(worker, machine, now_us=self._clock.now_us)
        self._write(machine, worker)
        self._timers.plan(worker)

    def advance(self, machine: Machine, worker: PodWorker) -> None:
        """Do what a pod's timer was set for."""
        self._lifecycle.advance(worker, machine, self._clock.now_us)
        if worker.is_alive:
            self._write(machine, worker)
            self._timers.plan(worker)
        else:
            self.ended(machine, worker)
        if worker.plan.has_usage or machine.images_change_us != NEVER:
            self._timers.plan_machine(machine)

    def _replan(self, machine: Machine, worker: PodWorker) -> None:
        """Take over a changed workload model."""
        plan = self._plans.of(worker.pod)
        machine.users += plan.has_usage - worker.plan.has_usage
        worker.plan = plan
        if worker.stage == "active":
            self._lifecycle.take_over(worker, now_us=self._clock.now_us)
            self._timers.plan(worker)
        self._timers.plan_machine(machine)

    def _stop(self, machine: Machine, worker: PodWorker, grace_seconds: int) -> None:
        self._lifecycle.stop(worker, grace_seconds, self._clock.now_us)
        self.after_stop(machine, worker)

    def after_stop(self, machine: Machine, worker: PodWorker) -> None:
        """Wait for a pod that is being ended, or see to its end if it has come."""
        if not worker.is_alive:
            self.ended(machine, worker)
            return
        if worker.disruption is not None:
            self._write(machine, worker)
        self._timers.plan(worker)

    def ended(self, machine: Machine, worker: PodWorker) -> None:
        """Report that nothing of a pod runs any more; if it is being deleted, remove it. Its resources are free again."""
        worker.timer = -1
        if worker.plan.requests and not worker.is_released:
            worker.is_released = True
            machine.release(worker)
            if machine.images.held:
                machine.images.touch((one.container.image for one in worker.plan.containers), self._clock.now_us)
        if machine.reports:
            self._hand_over(machine, worker)
        if machine.pressure.victim == worker.uid:
            machine.pressure.victim = ""
            machine.pressure_due_us = self._clock.now_us
        if machine.waiting:
            waiting, machine.waiting = machine.waiting, []
            for uid in waiting:
                self._retry(machine, uid)
        if worker.plan.has_usage or machine.pressure_due_us != NEVER:
            self._timers.plan_machine(machine)

    def _retry(self, machine: Machine, uid: str) -> None:
        """Start a critical pod if those that it pushes off are gone."""
        worker = machine.workers.get(uid)
        if worker is None or not worker.is_alive:
            return
        if any(other.reason == "Preempting" and other.is_alive for other in machine.workers.values()):
            machine.waiting.append(uid)
        else:
            self._begin(machine, worker)

    def _hand_over(self, machine: Machine, worker: PodWorker) -> None:
        """Report a pod that has ended, and remove it if it is being deleted: from then on it is the API server's business alone."""
        try:
            pod = self._put_status(worker)
            if pod is not None and pod.is_terminating:
                self._api.writer.delete(Pod, pod.metadata.name, pod.metadata.namespace, uid=worker.uid, grace_seconds=0)
        except ApiError:
            self._retry_later(machine)
            return
        machine.workers.pop(worker.uid, None)
        if self._api.view.owner_of(worker.uid) is not None:
            machine.done.add(worker.uid)

    def _write(self, machine: Machine, worker: PodWorker) -> None:
        """Write a pod's status, if the API server can be reached and still has the pod."""
        if machine.reports:
            try:
                self._put_status(worker)
            except ApiError:
                self._retry_later(machine)

    def _put_status(self, worker: PodWorker) -> Pod | None:
        """Write a pod's status and return the pod; None if it is gone."""
        meta = worker.pod.metadata
        pod = self._api.store.find(Pod, meta.name, meta.namespace)
        if pod is None or pod.metadata.uid != meta.uid:
            return None
        return self._api.writer.update_status(replace(pod, status=status_of(pod, worker, self._clock.now_us)))

    def _retry_later(self, machine: Machine) -> None:
        machine.retry_later(self._clock.now_us)
        self._timers.plan_machine(machine)
