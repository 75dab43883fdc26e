"""When the containers of a pod that is being ended have exited, and with which codes.

Source: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer) and kuberuntime_termination_order.go, v1.35.
"""

from __future__ import annotations

from binpack.control.node.pod_worker import PodWorker
from binpack.control.node.workload_model import KILLED_EXIT_CODE, RunModel
from binpack.units import US_PER_S

MINIMUM_GRACE_US = 2 * US_PER_S
"""What every container gets between SIGTERM and SIGKILL, however short the grace period is."""


def exit_after(run: RunModel, since_us: int, grace_us: int, turn_us: int | None = None) -> tuple[int, int]:
    """Return when a container that is stopped has exited, and its code.

    Parameters
    ----------
    run : RunModel
    since_us : int
        When its termination begins.
    grace_us : int
        From then on; the preStop hook and waiting for its turn are part of it.
    turn_us : int, optional
        When it may get SIGTERM at the earliest, if others have to go first.
    """
    signalled_us = since_us + min(run.pre_stop_us, grace_us)
    if turn_us is not None:
        signalled_us = max(signalled_us, min(turn_us, since_us + grace_us))
    rest_us = max(since_us + grace_us - signalled_us, MINIMUM_GRACE_US)
    if run.stop_us <= rest_us:
        return signalled_us + run.stop_us, 0
    return signalled_us + rest_us, KILLED_EXIT_CODE


def begin_to_stop(worker: PodWorker, now_us: int, grace_us: int) -> int:
    """Let everything that runs stop, and return when the last of it has exited; `now_us` if nothing runs.

    Main and ordinary init containers stop at once, sidecars after them, the last one first.
    """
    end_us = now_us
    order = sorted(range(len(worker.records)), key=lambda index: _turn(worker, index))
    for index in order:
        plan, record = worker.plan.containers[index], worker.records[index]
        if record.stage == "killing":
            end_us = max(end_us, record.due_us)
        if record.stage != "running":
            continue
        run = plan.model.run(record.starts - 1)
        turn_us = end_us if plan.kind == "sidecar" else None
        record.stage = "killing"
        record.due_us, record.kill_code = exit_after(run, now_us, grace_us, turn_us)
        end_us = max(end_us, record.due_us)
    return end_us


def shorten(worker: PodWorker, now_us: int, grace_us: int) -> int:
    """Kill what has not stopped within a new, shorter grace period from now on; return when the last of it has exited."""
    last_us = now_us + max(grace_us, MINIMUM_GRACE_US)
    end_us = now_us
    for record in worker.records:
        if record.stage != "killing":
            continue
        if record.due_us > last_us:
            record.due_us, record.kill_code = last_us, KILLED_EXIT_CODE
        end_us = max(end_us, record.due_us)
    return end_us


def _turn(worker: PodWorker, index: int) -> int:
    """Sidecars come last, in reverse order."""
    return len(worker.records) + 1 - index if worker.plan.containers[index].kind == "sidecar" else 0
