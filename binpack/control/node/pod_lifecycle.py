"""How a pod's containers move on: sandbox, init containers and sidecars in order, main containers, restarts, probes, the end.

As in the kubelet one rule does it all: what is due happens, then whatever may be started is started, then it is seen whether the pod is
over. Source: pkg/kubelet/kubelet.go (SyncPod), kuberuntime/kuberuntime_manager.go (computePodActions), v1.35.
"""

from __future__ import annotations

from operator import itemgetter

from binpack.control.clock import Clock
from binpack.control.node.container_start import ContainerStart
from binpack.control.node.machine import Machine
from binpack.control.node.pod_plan import ContainerPlan
from binpack.control.node.pod_worker import NEVER, AgendaItem, ContainerRecord, Exit, PodWorker
from binpack.control.node.probes import probe_outcomes
from binpack.control.node.restart import backoff_after_exit, restarts_after
from binpack.control.node.termination import begin_to_stop, exit_after, shorten
from binpack.control.node.timings import KubeletTimings
from binpack.control.node.usage import container_usage, memory_excess_us
from binpack.control.node.workload_model import KILLED_EXIT_CODE, RunModel
from binpack.control.records import EventSink, Record, RecordType
from binpack.model.duration import format_duration
from binpack.model.pod import Pod
from binpack.model.requests import MEMORY
from binpack.units import US_PER_S

COMPONENT = "kubelet"
_END = ("exit", "oom", "startup-failed", "liveness-failed")


class PodLifecycle:
    """Moves pods on. It writes nothing to the store; what it tells the user are Events.

    Parameters
    ----------
    clock : Clock
    sink : EventSink
    timings : KubeletTimings
    starter : ContainerStart
        Sees to images.
    max_backoff_us : int
        Of restarts.
    """

    def __init__(self, clock: Clock, sink: EventSink, timings: KubeletTimings, starter: ContainerStart, max_backoff_us: int) -> None:
        self._clock = clock
        self._sink = sink
        self._timings = timings
        self._starter = starter
        self._max_backoff_us = max_backoff_us

    def begin(self, worker: PodWorker, machine: Machine, *, now_us: int) -> None:
        """Begin to start a pod."""
        timings = self._timings
        worker.sandbox_us = now_us + timings.sandbox_us
        worker.start_delay_us = timings.start_us
        if worker.pod.spec.active_deadline_seconds is not None and worker.deadline_us == NEVER:
            worker.deadline_us = now_us + worker.pod.spec.active_deadline_seconds * US_PER_S
        may_start = [record.stage == "waiting" for record in worker.records]
        if worker.plan.init_count == 0 and all(self._starter.is_here(plan, machine, now_us) for plan in worker.plan.containers):
            # Nothing is to be told between the sandbox and the containers.
            worker.stage, worker.is_initialized = "active", True
            for record, may in zip(worker.records, may_start, strict=True):
                if may:
                    record.has_image, record.stage = True, "starting"
                    record.due_us = worker.sandbox_us + timings.start_us
        else:
            worker.stage, worker.due_us = "sandbox", worker.sandbox_us

    def take_over(self, worker: PodWorker, *, now_us: int) -> None:
        """Work out anew what running containers will do, after the kubelet has found them or their model has changed."""
        for plan, record in worker.members():
            if record.stage == "running":
                self._plan_run(plan, record, now_us)
        worker.memory_us = memory_excess_us(worker, now_us)

    def advance(self, worker: PodWorker, machine: Machine, now_us: int) -> None:
        """Do what is due."""
        if worker.stage == "sandbox" and now_us >= worker.due_us:
            worker.stage, worker.due_us = "active", NEVER
        if worker.stage == "active":
            if now_us >= worker.deadline_us:
                worker.reason = "DeadlineExceeded"
                worker.message = "Pod was active on the node longer than the specified deadline"
                self._tell(worker.pod, "Normal", worker.reason, worker.message)
                self.stop(worker, _own_grace(worker.pod), now_us)
                return
            for plan, record in worker.members():
                while record.due_us <= now_us:
                    self._step(worker, plan, record, now_us)
            if worker.plan.memory_limit is not None:
                self._keep_to_memory_limit(worker, now_us)
            self._start_what_may(worker, machine, now_us)
            if worker.plan.memory_limit is not None:
                worker.memory_us = memory_excess_us(worker, now_us)
            if _is_over(worker):
                self.stop(worker, _own_grace(worker.pod), now_us)
        elif worker.stage == "stopping" and now_us >= worker.due_us:
            self._end(worker)

    def _keep_to_memory_limit(self, worker: PodWorker, now_us: int) -> None:
        """Kill the container that uses the most memory, as the kernel does in the cgroup of a pod that uses more than it may."""
        while memory_excess_us(worker, now_us) <= now_us:
            uses = [(container_usage(plan, record, now_us).get(MEMORY, 0), plan, record) for plan, record in worker.members()]
            _, plan, record = max(uses, key=itemgetter(0))
            self._exited(worker, plan, record, now_us, KILLED_EXIT_CODE, "OOMKilled")

    def stop(self, worker: PodWorker, grace_seconds: int, now_us: int) -> None:
        """End a pod within a grace period, or shorten the time that it has left."""
        if worker.stage in ("ended", "lost"):
            return
        grace_us = max(grace_seconds, 1) * US_PER_S
        if worker.stage == "stopping":
            if grace_seconds < worker.grace_seconds:
                worker.grace_seconds, worker.due_us = grace_seconds, shorten(worker, now_us, grace_us)
            return
        for plan, record in worker.members():
            if record.stage == "running":
                self._tell(worker.pod, "Normal", "Killing", f"Stopping container {plan.container.name}")
        worker.grace_seconds = grace_seconds
        worker.stage, worker.due_us = "stopping", begin_to_stop(worker, now_us, grace_us)
        if worker.due_us <= now_us:
            self._end(worker)

    def _end(self, worker: PodWorker) -> None:
        for record in worker.records:
            if record.stage == "killing":
                self._note_exit(record, record.due_us, record.kill_code, _reason_of(record.kill_code))
            record.due_us, record.is_ready = NEVER, False
        worker.stage = "ended"

    # One container

    def _step(self, worker: PodWorker, plan: ContainerPlan, record: ContainerRecord, now_us: int) -> None:
        """Do what is due for one container."""
        match record.stage:
            case "pulling":
                self._starter.pulled(worker.pod, plan, record)
            case "waiting":
                self._starter.waited(worker.pod, plan, record, now_us)
            case "starting":
                self._run(worker, plan, record, now_us)
            case "killing":
                self._exited(worker, plan, record, record.due_us, record.kill_code, _reason_of(record.kill_code), by_probe=True)
            case _:
                self._next_on_agenda(worker, plan, record, now_us)

    def _run(self, worker: PodWorker, plan: ContainerPlan, record: ContainerRecord, now_us: int) -> None:
        record.restarts += record.starts > 0
        record.starts += 1
        record.stage, record.reason, record.message = "running", "", ""
        record.started_us = now_us
        worker.has_run = worker.has_run or plan.kind == "main"
        self._plan_run(plan, record, now_us)

    def _plan_run(self, plan: ContainerPlan, record: ContainerRecord, now_us: int) -> None:
        """Set a container's agenda, and what its probes have found by now."""
        run = plan.model.run(record.starts - 1)
        agenda: list[AgendaItem] = []
        record.is_started = record.is_ready = True
        if plan.has_probes:
            record.is_started = plan.container.startup_probe is None
            record.is_ready = record.is_started and plan.container.readiness_probe is None
            agenda += probe_outcomes(plan.container, run, record.started_us)
        duration_us = run.duration_us
        if duration_us is None and plan.kind == "init":
            duration_us = self._timings.init_container_us
        ends: list[AgendaItem] = [] if duration_us is None else [(record.started_us + duration_us, "exit")]
        killed_us = _out_of_memory_us(plan, run, record.started_us)
        if killed_us is not None:
            ends.append((killed_us, "oom"))
        if ends:
            end = min(ends)
            agenda = [item for item in agenda if item[0] < end[0]]
            agenda.append((max(end[0], now_us), end[1]))
        record.agenda, record.position = tuple(agenda), 0
        while record.position < len(agenda) and agenda[record.position][0] <= now_us and agenda[record.position][1] not in _END:
            self._note_outcome(plan, record, agenda[record.position][1])
            record.position += 1
        record.due_us = agenda[record.position][0] if record.position < len(agenda) else NEVER

    def _next_on_agenda(self, worker: PodWorker, plan: ContainerPlan, record: ContainerRecord, now_us: int) -> None:
        time_us, what = record.agenda[record.position]
        record.position += 1
        record.due_us = record.agenda[record.position][0] if record.position < len(record.agenda) else NEVER
        run = plan.model.run(record.starts - 1)
        match what:
            case "exit":
                self._exited(worker, plan, record, time_us, run.exit_code, _reason_of(run.exit_code))
            case "oom":
                self._exited(worker, plan, record, time_us, KILLED_EXIT_CODE, "OOMKilled")
            case "startup-failed" | "liveness-failed":
                self._kill(worker, plan, record, now_us, is_liveness=what == "liveness-failed")
            case _:
                if what == "unready":
                    self._tell(worker.pod, "Warning", "Unhealthy", "Readiness probe failed")
                self._note_outcome(plan, record, what)

    def _note_outcome(self, plan: ContainerPlan, record: ContainerRecord, what: str) -> None:
        match what:
            case "started":
                record.is_started = True
                record.is_ready = plan.container.readiness_probe is None
            case "ready":
                record.is_ready = True
            case "unready":
                record.is_ready = False

    def _kill(self, worker: PodWorker, plan: ContainerPlan, record: ContainerRecord, now_us: int, *, is_liveness: bool) -> None:
        """Kill a container whose liveness or startup probe has failed, within the probe's grace period or the pod's."""
        probe = plan.container.liveness_probe if is_liveness else plan.container.startup_probe
        kind, name = "liveness" if is_liveness else "startup", plan.container.name
        own = None if probe is None else probe.termination_grace_period_seconds
        grace_us = max(_own_grace(worker.pod) if own is None else own, 1) * US_PER_S
        self._tell(worker.pod, "Warning", "Unhealthy", f"{kind.capitalize()} probe failed")
        will = "" if worker.pod.spec.restart_policy == "Never" and plan.kind == "main" else ", will be restarted"
        self._tell(worker.pod, "Normal", "Killing", f"Container {name} failed {kind} probe{will}")
        record.stage = "killing"
        record.due_us, record.kill_code = exit_after(plan.model.run(record.starts - 1), now_us, grace_us)

    def _exited(
        self,
        worker: PodWorker,
        plan: ContainerPlan,
        record: ContainerRecord,
        time_us: int,
        code: int,
        reason: str,
        *,
        by_probe: bool = False,
    ) -> None:
        """Note an exit, and see to the restart if there is to be one."""
        ran_us = time_us - record.started_us
        self._note_exit(record, time_us, code, reason)
        if not restarts_after(plan.container, plan.kind, worker.pod.spec.restart_policy, code, killed_by_probe=by_probe):
            return
        backoff = backoff_after_exit(record.backoff_us, ran_us, self._max_backoff_us)
        record.backoff_us, record.stage = backoff.next_us, "waiting"
        if backoff.delay_us == 0:
            return
        record.due_us = time_us + backoff.delay_us
        meta, name = worker.pod.metadata, plan.container.name
        where = f"{meta.name}_{meta.namespace}({meta.uid})"
        record.reason = "CrashLoopBackOff"
        record.message = f"back-off {format_duration(backoff.delay_us * 1000)} restarting failed container={name} pod={where}"
        self._tell(worker.pod, "Warning", "BackOff", f"Back-off restarting failed container {name} in pod {where}")

    def _note_exit(self, record: ContainerRecord, time_us: int, code: int, reason: str) -> None:
        record.ended = Exit(code, reason, record.started_us, time_us)
        record.stage, record.due_us = "exited", NEVER
        record.is_started = record.is_ready = False

    # The order of containers

    def _start_what_may(self, worker: PodWorker, machine: Machine, now_us: int) -> None:
        """Start containers, in order, as far as those before them allow."""
        if not worker.is_initialized:
            worker.is_initialized = self._start_init_containers(worker, machine, now_us)
        else:
            self._restart_sidecars(worker, machine, now_us)
        if not worker.is_initialized:
            return
        for index in range(worker.plan.init_count, len(worker.records)):
            if not self._start(worker, machine, index, now_us):
                # One pull blocks the containers after it.
                break

    def _start_init_containers(self, worker: PodWorker, machine: Machine, now_us: int) -> bool:
        """Start the next init container, and tell whether all are done."""
        for index in range(worker.plan.init_count):
            plan, record = worker.plan.containers[index], worker.records[index]
            self._start(worker, machine, index, now_us)
            while record.due_us <= now_us:
                self._step(worker, plan, record, now_us)
            if plan.kind == "sidecar":
                if not (record.runs and record.is_started):
                    return False
            elif record.stage != "exited" or record.ended is None or record.ended.code != 0:
                return False
        return True

    def _restart_sidecars(self, worker: PodWorker, machine: Machine, now_us: int) -> None:
        for index in range(worker.plan.init_count):
            if worker.plan.containers[index].kind == "sidecar":
                self._start(worker, machine, index, now_us)

    def _start(self, worker: PodWorker, machine: Machine, index: int, now_us: int) -> bool:
        """Start a container if it waits for nothing but this, and tell whether those after it may be started."""
        plan, record = worker.plan.containers[index], worker.records[index]
        if record.stage == "waiting" and record.due_us == NEVER and self._starter.has_image(worker.pod, plan, record, machine, now_us):
            if plan.kind == "main" and record.starts == 0:
                record.stage, record.due_us = "starting", now_us + worker.start_delay_us
            else:
                self._run(worker, plan, record, now_us)
        return record.stage != "pulling"

    def _tell(self, pod: Pod, kind: RecordType, reason: str, message: str) -> None:
        self._sink.record(self._clock.now_us, COMPONENT, Record(pod, kind, reason, message))


def _is_over(worker: PodWorker) -> bool:
    """Tell whether nothing of a pod is to be started any more: its main containers are done, or an init container has failed for good."""
    init, count = worker.records[: worker.plan.init_count], worker.plan.init_count
    if any(
        plan.kind == "init" and record.stage == "exited" and record.ended is not None and record.ended.code != 0
        for plan, record in zip(worker.plan.containers[:count], init, strict=True)
    ):
        return True
    return worker.is_initialized and all(record.stage == "exited" for record in worker.records[count:])


def _out_of_memory_us(plan: ContainerPlan, run: RunModel, started_us: int) -> int | None:
    """Return when a container uses more memory than its limit."""
    if plan.memory_limit is None:
        return None
    for resource, steps in run.usage:
        if resource == MEMORY:
            return next((started_us + after_us for after_us, amount in steps if amount > plan.memory_limit), None)
    return None


def _own_grace(pod: Pod) -> int:
    seconds = pod.spec.termination_grace_period_seconds
    return 30 if seconds is None else seconds


def _reason_of(code: int) -> str:
    return "Completed" if code == 0 else "Error"
