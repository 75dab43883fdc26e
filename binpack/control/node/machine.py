"""One node's kubelet, as plain data: the pods that it looks after, its images, what it has seen of pressure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from binpack.control.node.images import ImageStore
from binpack.control.node.pod_worker import NEVER, PodWorker
from binpack.units import US_PER_S

RETRY_US = 10 * US_PER_S
"""How often Kubernetes' status manager goes through all pods, and a kubelet writes its node's status."""


@dataclass(slots=True)
class PressureRecord:
    """What a kubelet remembers of pressure; times in microseconds.

    Parameters
    ----------
    first_met_us : dict[int, int]
        Since when each threshold has been met without a break, by its number.
    met : tuple of int
        The thresholds that were met for their grace period when it looked last.
    seen_us : dict[str, int]
        When each node condition was seen last.
    victim : str
        The uid of the pod that was evicted and has not ended yet; empty for none.
    waits_until_us : int
        How long it waits for that.
    """

    first_met_us: dict[int, int] = field(default_factory=dict)
    met: tuple[int, ...] = ()
    seen_us: dict[str, int] = field(default_factory=dict)
    victim: str = ""
    waits_until_us: int = 0


@dataclass(slots=True)
class Machine:
    """One node's kubelet.

    Parameters
    ----------
    name : str
    is_up : bool
        The machine runs, and its containers.
    since_us : int
        Since when it has renewed its Lease; what it does regularly it does at whole periods from then on.
    has_kubelet : bool
        The kubelet's process runs.
    is_connected : bool
        It reaches the API server.
    pull_bytes_per_second : int
    workers : dict[str, PodWorker]
        By pod uid.
    requested : dict[str, int]
        What the pods ask for that may still run, terminating ones included.
    images : ImageStore
    images_change_us : int
        When the next image arrives that the node's status does not show yet.
    conditions : tuple of str
        The pressure that the node reports.
    pressure : PressureRecord
    users : int
        How many pods there are whose model says what they use.
    pressure_due_us, garbage_due_us : int
        When it looks at the signals again, and at the space for images.
    timer : int
        The number of its timer that counts.
    waiting : list of str
        The uids of critical pods that wait until others have made room.
    done : set of str
        The uids of pods that have ended, until they are gone: news of them may be late, and they are not started again.
    retry_due_us : int
        When it writes down again what the API server has refused.
    uid : str
        Of the Node object.
    """

    name: str
    is_up: bool
    since_us: int
    pull_bytes_per_second: int
    has_kubelet: bool = True
    is_connected: bool = True
    workers: dict[str, PodWorker] = field(default_factory=dict)
    requested: dict[str, int] = field(default_factory=dict)
    images: ImageStore = field(default_factory=ImageStore)
    images_change_us: int = NEVER
    conditions: tuple[str, ...] = ()
    pressure: PressureRecord = field(default_factory=PressureRecord)
    users: int = 0
    pressure_due_us: int = NEVER
    garbage_due_us: int = NEVER
    timer: int = -1
    waiting: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    retry_due_us: int = NEVER
    uid: str = ""

    @property
    def reports(self) -> bool:
        """The API server hears of it."""
        return self.is_up and self.has_kubelet and self.is_connected

    @property
    def works(self) -> bool:
        """Its kubelet acts."""
        return self.is_up and self.has_kubelet

    def stop_timers(self) -> None:
        """Let nothing happen by itself any more, to the node and to its pods."""
        self.timer = -1
        for worker in self.workers.values():
            worker.timer = -1

    def retry_later(self, now_us: int) -> None:
        """Let what the API server has refused be written again."""
        self.retry_due_us = min(self.retry_due_us, now_us + RETRY_US)

    def add(self, worker: PodWorker) -> None:
        """Look after one more pod."""
        self.workers[worker.uid] = worker
        for name, amount in worker.plan.requests.items():
            self.requested[name] = self.requested.get(name, 0) + amount
        self.users += worker.plan.has_usage

    def drop(self, worker: PodWorker) -> None:
        """Look after a pod no more, and do not count what it asked for."""
        del self.workers[worker.uid]
        if not worker.is_released:
            self.release(worker)

    def knows(self, uid: str) -> bool:
        """Tell whether it looks after a pod, or has done so to its end."""
        return uid in self.workers or uid in self.done

    def release(self, worker: PodWorker) -> None:
        """Take back what a pod that has ended asked for."""
        for name, amount in worker.plan.requests.items():
            self.requested[name] -= amount
        self.users -= worker.plan.has_usage

    def alive(self) -> Iterator[PodWorker]:
        """The pods of which something runs or may yet."""
        return (worker for worker in self.workers.values() if worker.is_alive)

    def next_tick_us(self, time_us: int, period_us: int) -> int:
        """Return the first time not before another at which it does what it does regularly."""
        return self.since_us + max(-(-(time_us - self.since_us) // period_us), 0) * period_us
