"""The few fields of an object that the event log tells. A write that changes none of them is not told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from binpack.control.apiserver.resources import ApiObject
from binpack.control.conditions import is_ready, is_true
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Lease, PodDisruptionBudget
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet

Summary = tuple[tuple[str, Any], ...]


def summary_of(value: ApiObject) -> Summary | None:
    """Return what the log tells of an object that is no pod; empty where only coming and going is told, None for those left out."""
    summarize = _SUMMARIES.get(type(value))
    return () if summarize is None else summarize(value)


PodState = tuple[str, str, bool, bool]
"""Phase, node, whether it is Ready, whether it is terminating: all that is told of a pod."""


def state_of(pod: Pod) -> PodState:
    """Return what is told of a pod."""
    return pod.status.phase, pod.spec.node_name, is_ready(pod), pod.is_terminating


def summary_of_state(state: PodState) -> Summary:
    """Return what the log tells of a pod in a state."""
    phase, node, ready, terminating = state
    return ("phase", phase), ("node", node), ("ready", ready), ("terminating", terminating)


def _of_node(node: Node) -> Summary:
    return (
        ("ready", is_true(node.status.conditions, "Ready")),
        ("unschedulable", node.spec.unschedulable),
        ("taints", [f"{taint.key}:{taint.effect}" for taint in node.spec.taints]),
    )


def _of_deployment(deployment: Deployment) -> Summary:
    status = deployment.status
    return (
        ("wanted", deployment.spec.replicas),
        ("replicas", status.replicas),
        ("updated", status.updated_replicas),
        ("available", status.available_replicas),
    )


def _of_replica_set(replica_set: ReplicaSet) -> Summary:
    status = replica_set.status
    return (("wanted", replica_set.spec.replicas), ("replicas", status.replicas), ("available", status.available_replicas))


def _of_job(job: Job) -> Summary:
    status = job.status
    return (
        ("active", status.active),
        ("succeeded", status.succeeded),
        ("failed", status.failed),
        ("conditions", [one.type for one in status.conditions if one.status == "True"]),
    )


def _of_stateful_set(stateful_set: StatefulSet) -> Summary:
    status = stateful_set.status
    return (
        ("wanted", stateful_set.spec.replicas),
        ("replicas", status.replicas),
        ("updated", status.updated_replicas),
        ("available", status.available_replicas),
    )


def _of_daemon_set(daemon_set: DaemonSet) -> Summary:
    status = daemon_set.status
    return (
        ("wanted", status.desired_number_scheduled),
        ("current", status.current_number_scheduled),
        ("updated", status.updated_number_scheduled),
        ("available", status.number_available),
        ("misscheduled", status.number_misscheduled),
    )


def _of_cron_job(cron_job: CronJob) -> Summary:
    last = cron_job.status.last_schedule_time
    return (
        ("suspended", cron_job.spec.suspend),
        ("active", [one.name for one in cron_job.status.active]),
        ("lastScheduled", None if last is None else last.isoformat().replace("+00:00", "Z")),
    )


def _of_budget(budget: PodDisruptionBudget) -> Summary:
    status = budget.status
    return (
        ("expected", status.expected_pods),
        ("healthy", status.current_healthy),
        ("desired", status.desired_healthy),
        ("allowed", status.disruptions_allowed),
    )


_SUMMARIES: dict[type, Callable[[Any], Summary | None]] = {
    Node: _of_node,
    Deployment: _of_deployment,
    ReplicaSet: _of_replica_set,
    Job: _of_job,
    StatefulSet: _of_stateful_set,
    DaemonSet: _of_daemon_set,
    CronJob: _of_cron_job,
    PodDisruptionBudget: _of_budget,
    Lease: lambda _: None,
}
