"""Whether and when a container is started again.

Source: pkg/kubelet/container/helpers.go (ShouldContainerBeRestarted) and kuberuntime (doBackOff), v1.35. Kubelet's jitter of the waiting
time is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from binpack.model.pod import Container
from binpack.units import US_PER_MINUTE, US_PER_S

INITIAL_BACKOFF_US = 10 * US_PER_S
MAX_BACKOFF_US = 300 * US_PER_S
BACKOFF_RESET_US = 10 * US_PER_MINUTE


def should_restart(policy: str, last_exit_code: int | None, *, is_terminating: bool = False) -> bool:
    """Tell whether a container that does not run is to be started.

    Parameters
    ----------
    policy : str
        The pod's restartPolicy; empty means Always.
    last_exit_code : int or None
        None if it has never run.
    is_terminating : bool
        The pod is being deleted.
    """
    if is_terminating:
        return False
    if last_exit_code is None or policy in ("", "Always"):
        return True
    return policy == "OnFailure" and last_exit_code != 0


def restarts_after(container: Container, kind: str, pod_policy: str, exit_code: int, *, killed_by_probe: bool = False) -> bool:
    """Tell whether a container that has exited is started again, by its own rules, its own policy, or the pod's.

    Parameters
    ----------
    container : Container
    kind : str
        init, sidecar or main.
    pod_policy : str
        The pod's restartPolicy.
    exit_code : int
    killed_by_probe : bool
        Its liveness or startup probe failed: then it is started again unless the policy is Never, whatever its exit code.
    """
    if kind == "sidecar" or (container.restart_policy_rules and _a_rule_restarts(container, exit_code)):
        return True
    policy = container.restart_policy or pod_policy
    if kind == "init":
        return exit_code != 0 and policy != "Never"
    if killed_by_probe:
        return policy != "Never"
    return should_restart(policy, exit_code)


def _a_rule_restarts(container: Container, exit_code: int) -> bool:
    for rule in container.restart_policy_rules:
        codes = rule.exit_codes
        if rule.action == "Restart" and codes is not None and (exit_code in codes.values) == (codes.operator == "In"):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Backoff:
    """The crash-loop back-off of one container.

    Parameters
    ----------
    delay_us : int
        How long after its exit it may be started at the earliest, 0 for at once.
    next_us : int
        The delay after the next exit.
    """

    delay_us: int
    next_us: int


def backoff_after_exit(current_us: int, ran_us: int, max_us: int = MAX_BACKOFF_US) -> Backoff:
    """Return the delay of a restart, and the one to remember: at once, then 10, 20, 40 … up to 300 s.

    Parameters
    ----------
    current_us : int
        The delay that was remembered; 0 for none.
    ran_us : int
        How long the container ran. After more than 10 minutes the former crashes are forgotten.
    max_us : int
        The longest delay.
    """
    if current_us == 0 or ran_us > BACKOFF_RESET_US:
        return Backoff(0, min(INITIAL_BACKOFF_US, max_us))
    return Backoff(current_us, min(2 * current_us, max_us))
