"""A StatefulSet's status: its pods counted by state and revision.

Source: pkg/controller/statefulset/stateful_set_control.go (updateStatefulSet, completeRollingUpdate), v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.control.controllers.pods import is_available
from binpack.control.controllers.revisions import HASH_LABEL
from binpack.control.controllers.statefulset.walking import is_running_and_ready, replicas_of
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.workloads import StatefulSet, StatefulSetStatus


def stateful_set_status(stateful_set: StatefulSet, pods: Sequence[Pod], current: str, update: str, now_us: int) -> StatefulSetStatus:
    """Count the pods that exist; when all are of the new revision and Ready, the rollout is over and it becomes the current one.

    Parameters
    ----------
    stateful_set : StatefulSet
    pods : sequence of Pod
    current, update : str
        Names of the revisions.
    now_us : int
    """
    seconds = stateful_set.spec.min_ready_seconds
    ready = [pod for pod in pods if is_running_and_ready(pod)]
    present = [pod for pod in pods if not pod.is_terminating]
    status = replace(
        stateful_set.status,
        observed_generation=stateful_set.metadata.generation,
        replicas=len(pods),
        ready_replicas=len(ready),
        available_replicas=sum(is_available(pod, seconds, now_us) for pod in ready),
        current_replicas=sum(pod.metadata.labels.get(HASH_LABEL) == current for pod in present),
        updated_replicas=sum(pod.metadata.labels.get(HASH_LABEL) == update for pod in present),
        current_revision=current,
        update_revision=update,
    )
    is_rolling = stateful_set.spec.update_strategy.type != "OnDelete"
    wanted = replicas_of(stateful_set)
    if is_rolling and status.updated_replicas == status.ready_replicas == status.replicas == wanted:
        status = replace(status, current_revision=update, current_replicas=status.updated_replicas)
    return status
