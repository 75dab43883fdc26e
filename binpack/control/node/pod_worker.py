"""One pod on one node: what its containers are doing, as plain data. How that changes stands in `pod_lifecycle.py`.

Source: pkg/kubelet/pod_workers.go, pkg/kubelet/container/runtime.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from binpack.control.node.pod_plan import ContainerPlan, PodPlan
from binpack.control.node.probes import Outcome
from binpack.model.meta import Condition
from binpack.model.pod import Pod

Stage = Literal["sandbox", "active", "stopping", "ended", "lost"]
ContainerStage = Literal["waiting", "pulling", "starting", "running", "killing", "exited"]
AgendaItem = tuple[int, Literal["exit", "oom"] | Outcome]
NEVER = 1 << 62


class Exit(NamedTuple):
    """How a run of a container ended; times in microseconds."""

    code: int
    reason: str
    started_us: int
    exited_us: int


@dataclass(slots=True)
class ContainerRecord:
    """What the kubelet knows of a container.

    Parameters
    ----------
    stage : str
        waiting: to be started, now or at `due_us`; pulling its image; starting; running; killing: has got SIGTERM and the pod goes on;
        exited: it stays so.
    due_us : int
        When something happens to it by itself.
    agenda : tuple of (time, what)
        What its present run does by itself, in order; `position` is the next one.
    reason, message : str
        Why it waits.
    started_us : int
        Of the present or last run.
    is_started, is_ready : bool
        What its probes have found.
    ended : Exit or None
        The present state's exit if it does not run, else that of the run before.
    starts : int
        How often it has been started.
    restarts : int
    backoff_us : int
        The delay of the restart after the next exit; 0 at first.
    kill_code : int
        With which code it exits at `due_us`, while it is being killed.
    has_image : bool
    pull_failures : int
    pull_retry_us : int
        When its image may be pulled again.
    """

    stage: ContainerStage = "waiting"
    due_us: int = NEVER
    agenda: tuple[AgendaItem, ...] = ()
    position: int = 0
    reason: str = ""
    message: str = ""
    started_us: int = 0
    is_started: bool = False
    is_ready: bool = False
    ended: Exit | None = None
    starts: int = 0
    restarts: int = 0
    backoff_us: int = 0
    kill_code: int = 0
    has_image: bool = False
    pull_failures: int = 0
    pull_retry_us: int = 0

    @property
    def runs(self) -> bool:
        """Its processes run."""
        return self.stage in ("running", "killing")


@dataclass(slots=True)
class PodWorker:
    """What the kubelet knows of a pod.

    Parameters
    ----------
    pod : Pod
        As it was seen last.
    plan : PodPlan
    stage : str
        sandbox: getting its network; active; stopping: everything that runs has got SIGTERM; ended: nothing runs any more; lost: its
        machine is down.
    timer : int
        The number of the timer that counts; others are stale.
    due_us : int
        When its sandbox is there, or everything has stopped.
    sandbox_us : int
        When its sandbox has a network.
    start_delay_us : int
        From the moment at which a main container may start until it runs.
    is_initialized : bool
        Its init containers are done and its main ones may start.
    has_run : bool
        A main container has run at some time.
    is_deleted : bool
        It is being deleted, as far as the kubelet has heard.
    is_released : bool
        Its node no longer counts what it asked for.
    grace_seconds : int
        Of its termination.
    deadline_us : int
        When it has been active for too long.
    memory_us : int
        When its containers together use more memory than the whole pod may, if they run on.
    reason, message : str
        Why the kubelet ends it, for its status.
    disruption : Condition or None
        The condition DisruptionTarget that it gets.
    records : list of ContainerRecord
        In the order of `plan.containers`.
    """

    pod: Pod
    plan: PodPlan
    stage: Stage = "sandbox"
    timer: int = -1
    due_us: int = NEVER
    sandbox_us: int = NEVER
    start_delay_us: int = 0
    is_initialized: bool = False
    has_run: bool = False
    is_deleted: bool = False
    is_released: bool = False
    grace_seconds: int = 0
    deadline_us: int = NEVER
    memory_us: int = NEVER
    reason: str = ""
    message: str = ""
    disruption: Condition | None = None
    records: list[ContainerRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.records:
            self.records = [ContainerRecord() for _ in self.plan.containers]

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return self.pod.metadata.uid

    @property
    def node(self) -> str:
        """The name of its node."""
        return self.pod.spec.node_name

    @property
    def has_begun(self) -> bool:
        """It was admitted and started, or ended: something was done for it."""
        return self.stage != "sandbox" or self.due_us != NEVER

    @property
    def is_alive(self) -> bool:
        """Something of it runs, or may yet."""
        return self.stage != "ended"

    def members(self) -> zip[tuple[ContainerPlan, ContainerRecord]]:
        """Its containers, planned and as they are."""
        return zip(self.plan.containers, self.records, strict=True)

    def next_due_us(self) -> int:
        """Return when something happens to it by itself."""
        if self.stage == "active":
            due_us = min(self.due_us, self.deadline_us, self.memory_us)
            for record in self.records:
                due_us = min(due_us, record.due_us)
            return due_us
        return self.due_us if self.stage in ("sandbox", "stopping") else NEVER
