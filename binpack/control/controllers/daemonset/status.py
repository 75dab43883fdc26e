"""A DaemonSet's status: nodes counted by what runs there.

Source: pkg/controller/daemon/daemon_controller.go (updateDaemonSetStatus), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping

from binpack.control.conditions import is_ready
from binpack.control.controllers.daemonset.managing import oldest_first
from binpack.control.controllers.daemonset.nodes import Fitness, is_current
from binpack.control.controllers.pods import is_available
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.workloads import DaemonSet, DaemonSetStatus


def daemon_set_status(
    daemon_set: DaemonSet, fits: Mapping[str, Fitness], pods: Mapping[str, list[Pod]], digest: str, now_us: int, *, observed: bool
) -> DaemonSetStatus:
    """Count nodes; of several pods on a node the oldest bound one counts.

    Parameters
    ----------
    daemon_set : DaemonSet
    fits, pods : mapping
        By node.
    digest : str
        The label value of the present template.
    now_us : int
    observed : bool
        False while expectations are open: then the generation is not reported as observed.
    """
    desired = current = misscheduled = ready = available = updated = 0
    for name, fit in fits.items():
        there = oldest_first(pods.get(name, ()))
        if not fit.should_run:
            misscheduled += bool(there)
            continue
        desired += 1
        if there:
            current += 1
            ready += is_ready(there[0])
            available += is_available(there[0], daemon_set.spec.min_ready_seconds, now_us)
            updated += is_current(daemon_set, digest, there[0])
    return replace(
        daemon_set.status,
        observed_generation=daemon_set.metadata.generation if observed else daemon_set.status.observed_generation,
        desired_number_scheduled=desired,
        current_number_scheduled=current,
        number_misscheduled=misscheduled,
        number_ready=ready,
        number_available=available,
        number_unavailable=desired - available,
        updated_number_scheduled=updated,
    )
