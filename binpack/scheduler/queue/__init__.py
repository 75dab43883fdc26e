"""The scheduling queue of kube-scheduler in virtual time: pods without a node, where each waits, and what wakes it."""

from binpack.scheduler.queue.nominator import Nominator
from binpack.scheduler.queue.pending_pods import PendingPods
from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection
from binpack.scheduler.queue.queueing_hints import Strategy
from binpack.scheduler.queue.scheduling_queue import SchedulingQueue

__all__ = ["Nominator", "PendingPods", "QueuedPod", "Rejection", "SchedulingQueue", "Strategy"]
