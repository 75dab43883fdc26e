"""The annotation `binpack.dev/workload`, as written: a YAML document that says what a pod's containers do once they are started.

Decoded strictly: an unknown field is an error that names the nearest known one. Durations are written like `90s`, amounts as quantities.
"""

from __future__ import annotations

from typing import Literal

from binpack.model.base import StrictStruct, field
from binpack.model.quantity import Quantity
from binpack.model.scalars import Int32

ProbeName = Literal["startup", "readiness", "liveness"]
ALWAYS = "always"


class UsageStep(StrictStruct, frozen=True):
    """From so long after a container's start on it uses this much, until the next step."""

    amount: Quantity
    after: str = "0s"


class ProbeFailure(StrictStruct, frozen=True):
    """A time, counted from a container's start, in which probes fail.

    Parameters
    ----------
    probe : str, optional
        Which one; all of them without it.
    after : str
        Begin of the time.
    until : str, optional
        Its end; for ever without it.
    """

    probe: ProbeName | None = None
    after: str = "0s"
    until: str | None = None


class Behaviour(StrictStruct, frozen=True):
    """What a container does in one run, from its start to its exit. What a run does not say is as its container says.

    Parameters
    ----------
    duration : str, optional
        How long it runs; until it is stopped without it.
    exit_code : int, optional
        Of an exit by itself; 0 by default.
    start_duration : str, optional
        So long after its start its probes fail; 0 s by default.
    stop_duration : str, optional
        How long after SIGTERM it has stopped; 1 s by default.
    pre_stop_duration : str, optional
        How long its preStop hook takes; 0 s by default.
    probe_failures : tuple of ProbeFailure, optional
    usage : mapping from resource to steps, optional
        `cpu`, `memory`, `ephemeral-storage`, `pids`. A bare amount is one step.
    """

    duration: str | None = None
    exit_code: Int32 | None = None
    start_duration: str | None = None
    stop_duration: str | None = None
    pre_stop_duration: str | None = None
    probe_failures: tuple[ProbeFailure, ...] | None = None
    usage: dict[str, tuple[UsageStep, ...]] | None = None


class ImageBehaviour(StrictStruct, frozen=True):
    """An image: its size, and how often pulling it fails (the first so many attempts of each pod, or `always`)."""

    size: Quantity | None = None
    pull_failures: Int32 | Literal["always"] = 0


class ContainerBehaviour(Behaviour, frozen=True):
    """What a container does; `runs` say it anew for its first, second … start, the last of them for all that follow."""

    runs: tuple[Behaviour, ...] = ()
    image: ImageBehaviour | None = None


class WorkloadDocument(ContainerBehaviour, frozen=True):
    """The document: what holds for every main container, and by name what one does, be it a main or an init container or a sidecar.

    Of a container that is named nothing is taken from elsewhere.
    """

    containers: dict[str, ContainerBehaviour] = field(default_factory=dict)
