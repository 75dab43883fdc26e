"""A pod of one container: its phase is the same whether it is looked up at once or counted like that of any pod."""

from __future__ import annotations

import pytest

from binpack.control.node.phase import phase_of
from binpack.model.pod import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    PodSpec,
)

RUNNING, WAITING = ContainerStateRunning(), ContainerStateWaiting(reason="x")
ENDED, FAILED = ContainerStateTerminated(exit_code=0), ContainerStateTerminated(exit_code=1)
STATES = [
    ContainerState(running=RUNNING),
    ContainerState(waiting=WAITING),
    ContainerState(terminated=ENDED),
    ContainerState(terminated=FAILED),
    ContainerState(),
]


def status(name: str, state: ContainerState, last: ContainerState) -> ContainerStatus:
    return ContainerStatus(name=name, state=state, last_state=last)


@pytest.mark.parametrize("policy", ["Always", "OnFailure", "Never"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("last", [STATES[2], STATES[4]])
@pytest.mark.parametrize("is_finishing", [False, True])
def test_one_container_is_like_two_alike(policy, state, last, is_finishing):
    one = PodSpec(containers=(Container(name="a"),), restart_policy=policy)
    two = PodSpec(containers=(Container(name="a"), Container(name="b")), restart_policy=policy)
    alone = phase_of(one, (status("a", state, last),), has_initialized=True, is_finishing=is_finishing)
    both = phase_of(two, (status("a", state, last), status("b", state, last)), has_initialized=True, is_finishing=is_finishing)
    assert alone == both


def test_a_status_of_another_name_says_nothing():
    spec = PodSpec(containers=(Container(name="a"),))
    assert phase_of(spec, (status("b", STATES[0], STATES[4]),), has_initialized=True) == "Pending"
