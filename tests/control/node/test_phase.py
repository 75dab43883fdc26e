from __future__ import annotations

import pytest

from binpack.control.node.phase import phase_of
from binpack.control.node.pod_conditions import containers_ready, initialized, pod_ready
from binpack.control.node.restart import Backoff, backoff_after_exit, should_restart
from binpack.model.pod import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    PodSpec,
)
from binpack.units import US_PER_S

RUNNING = ContainerState(running=ContainerStateRunning())
WAITING = ContainerState(waiting=ContainerStateWaiting())
DONE = ContainerState(terminated=ContainerStateTerminated(exit_code=0))
FAILED = ContainerState(terminated=ContainerStateTerminated(exit_code=1))


def spec(*main: str, init: tuple[str, ...] = (), sidecars: tuple[str, ...] = (), policy: str = "Always") -> PodSpec:
    starters = [Container(name=name) for name in init] + [Container(name=name, restart_policy="Always") for name in sidecars]
    return PodSpec(containers=tuple(Container(name=name) for name in main), init_containers=tuple(starters), restart_policy=policy)


def status(name: str, state: ContainerState, *, last: ContainerState | None = None, started: bool | None = None, ready: bool = False):
    return ContainerStatus(name=name, state=state, last_state=last or ContainerState(), started=started, ready=ready)


@pytest.mark.parametrize(
    ("why", "of", "statuses", "has_initialized", "expected"),
    [
        ("nothing is known yet", spec("a"), [], False, "Pending"),
        ("being created", spec("a"), [status("a", WAITING)], False, "Pending"),
        ("running", spec("a", "b"), [status("a", RUNNING), status("b", RUNNING)], True, "Running"),
        ("one has not been seen", spec("a", "b"), [status("a", RUNNING)], True, "Pending"),
        ("between two runs it is Running", spec("a"), [status("a", WAITING, last=FAILED)], True, "Running"),
        ("ended, and to be started again", spec("a"), [status("a", FAILED)], True, "Running"),
        ("ended well", spec("a", policy="Never"), [status("a", DONE)], True, "Succeeded"),
        ("ended badly", spec("a", "b", policy="Never"), [status("a", DONE), status("b", FAILED)], True, "Failed"),
        ("OnFailure retries", spec("a", policy="OnFailure"), [status("a", FAILED)], True, "Running"),
        ("OnFailure is content", spec("a", policy="OnFailure"), [status("a", DONE)], True, "Succeeded"),
        ("an init container runs", spec("a", init=("i",)), [status("i", RUNNING), status("a", WAITING)], False, "Pending"),
        ("an init container failed for good", spec("a", init=("i",), policy="Never"), [status("i", FAILED)], False, "Failed"),
        ("a sidecar is not started", spec("a", sidecars=("s",)), [status("s", RUNNING), status("a", RUNNING)], False, "Pending"),
        (
            "a sidecar keeps the pod running",
            spec("a", sidecars=("s",), policy="Never"),
            [status("s", RUNNING), status("a", DONE)],
            True,
            "Running",
        ),
    ],
)
def test_phases(why, of, statuses, has_initialized, expected):
    assert phase_of(of, statuses, has_initialized=has_initialized) == expected, why


def test_a_pod_that_is_being_finished_restarts_nothing():
    assert phase_of(spec("a"), [status("a", DONE)], has_initialized=True, is_finishing=True) == "Succeeded"
    assert phase_of(spec("a"), [status("a", FAILED)], has_initialized=True, is_finishing=True) == "Failed"


@pytest.mark.parametrize(
    ("why", "of", "statuses", "phase", "expected"),
    [
        ("all ready", spec("a"), [status("a", RUNNING, ready=True)], "Running", ("True", "", "")),
        ("no statuses", spec("a"), None, "Running", ("False", "UnknownContainerStatuses", "")),
        ("unready", spec("a"), [status("a", RUNNING)], "Running", ("False", "ContainersNotReady", "containers with unready status: [a]")),
        (
            "unknown and unready, sidecars first",
            spec("a", "b", sidecars=("s",)),
            [status("a", RUNNING), status("s", RUNNING)],
            "Running",
            ("False", "ContainersNotReady", "containers with unknown status: [b], containers with unready status: [s a]"),
        ),
        ("completed", spec("a"), [status("a", DONE)], "Succeeded", ("False", "PodCompleted", "")),
        ("failed", spec("a"), [status("a", FAILED)], "Failed", ("False", "PodFailed", "")),
    ],
)
def test_readiness(why, of, statuses, phase, expected):
    containers = containers_ready(of, statuses, phase)
    assert (containers.status, containers.reason, containers.message) == expected, why
    ready = pod_ready(containers)
    assert (ready.status, ready.reason, ready.message) == expected, why


def test_readiness_gates():
    containers = containers_ready(spec("a"), [status("a", RUNNING, ready=True)], "Running")
    assert pod_ready(containers, ("gate",), {"gate": "True"}).status == "True"
    lacking = pod_ready(containers, ("gate", "other"), {"gate": "False"})
    assert lacking.reason == "ReadinessGatesNotReady"
    assert lacking.message == (
        'the status of pod readiness gate "gate" is not "True", but False, '
        'corresponding condition of pod readiness gate "other" does not exist.'
    )


def test_initialized():
    of = spec("a", init=("i",), sidecars=("s",))
    waiting = initialized(of, [status("s", RUNNING, started=True)], "Pending", has_initialized=False)
    assert (waiting.status, waiting.message) == ("False", "containers with unknown status: [i]")
    done = [status("i", DONE), status("s", RUNNING, started=True)]
    assert initialized(of, done, "Pending", has_initialized=False).status == "True"
    assert initialized(of, [], "Succeeded", has_initialized=True).reason == "PodCompleted"


@pytest.mark.parametrize(
    ("policy", "exit_code", "expected"),
    [
        ("Always", 0, True),
        ("", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 137, True),
        ("Never", 1, False),
        ("Never", None, True),
    ],
)
def test_restarts(policy, exit_code, expected):
    assert should_restart(policy, exit_code) is expected
    assert not should_restart(policy, exit_code, is_terminating=True)


def test_crash_loops_wait_longer_and_longer():
    delays, current = [], 0
    for _ in range(9):
        backoff = backoff_after_exit(current, 5 * US_PER_S)
        delays.append(backoff.delay_us // US_PER_S)
        current = backoff.next_us
    assert delays == [0, 10, 20, 40, 80, 160, 300, 300, 300]
    assert backoff_after_exit(current, 601 * US_PER_S) == Backoff(0, 10 * US_PER_S)
