"""How long a pod's containers run, how they end, what they use and how they answer probes: what the pod's annotations say.

A cluster finds this out by running them. In a simulation it is part of the input. Three annotations say the usual things, for each main
container: `binpack.dev/duration: 90s`, `binpack.dev/exit-code: "1"`, `binpack.dev/stop-duration: 5s`. A fourth, `binpack.dev/workload`,
holds a YAML document that says everything (`workload_format.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from binpack.control.node.workload_format import ProbeName
from binpack.errors import ManifestError
from binpack.model.pod import Pod
from binpack.units import US_PER_S

DURATION = "binpack.dev/duration"
EXIT_CODE = "binpack.dev/exit-code"
STOP_DURATION = "binpack.dev/stop-duration"
WORKLOAD = "binpack.dev/workload"
ANNOTATIONS = (DURATION, EXIT_CODE, STOP_DURATION, WORKLOAD)
DEFAULT_STOP_US = US_PER_S
KILLED_EXIT_CODE = 137

Steps = tuple[tuple[int, int], ...]
"""A piecewise constant function of the time since a container's start: from so many microseconds on, so much."""


@dataclass(frozen=True, slots=True)
class FailingProbe:
    """A time since a container's start in which a probe (None: all) fails; `until_us` None: for ever. Microseconds."""

    probe: ProbeName | None
    after_us: int
    until_us: int | None


@dataclass(frozen=True, slots=True)
class RunModel:
    """What a container does in one run.

    Parameters
    ----------
    duration_us : int or None
        None: it runs until it is stopped.
    exit_code : int
        Of an exit by itself.
    start_us : int
        So long after its start all its probes fail.
    stop_us : int
        How long it takes to stop after SIGTERM.
    pre_stop_us : int
        How long its preStop hook takes.
    failing : tuple of FailingProbe
    usage : tuple of (resource, Steps)
        cpu in milli-cores, memory and ephemeral-storage in bytes, pids in processes; sorted by name.
    """

    duration_us: int | None = None
    exit_code: int = 0
    start_us: int = 0
    stop_us: int = DEFAULT_STOP_US
    pre_stop_us: int = 0
    failing: tuple[FailingProbe, ...] = ()
    usage: tuple[tuple[str, Steps], ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerModel:
    """What a container does.

    Parameters
    ----------
    runs : tuple of RunModel
        Its first, second … run; the last one stands for all that follow.
    image_bytes : int or None
        The size of its image; None if that is not known.
    pull_failures : int or None
        How many attempts of a pod to pull the image fail; None for all.
    """

    runs: tuple[RunModel, ...] = (RunModel(),)
    image_bytes: int | None = None
    pull_failures: int | None = 0

    def run(self, starts_before: int) -> RunModel:
        """Return what it does after so many starts."""
        return self.runs[min(starts_before, len(self.runs) - 1)]


@dataclass(frozen=True, slots=True)
class WorkloadModel:
    """What a pod's containers do once they are started.

    Parameters
    ----------
    main : ContainerModel
        Every main container of which nothing else is said.
    named : dict[str, ContainerModel]
        Containers of all kinds by name.
    """

    main: ContainerModel = ContainerModel()
    named: dict[str, ContainerModel] = field(default_factory=dict)


def workload_model(pod: Pod) -> WorkloadModel:
    """Read a pod's annotations.

    Raises
    ------
    ManifestError
        If one of them cannot be understood.
    """
    return model_of(pod.metadata.annotations, f"Pod {pod.key}")


def model_of(annotations: Mapping[str, str], place: str) -> WorkloadModel:
    """Read annotations, of a pod or of a template.

    Raises
    ------
    ManifestError
        If one of them cannot be understood; each line of the message begins with the place.
    """
    given = workload_annotations(annotations)
    if given == _NOTHING:
        return _DEFAULT
    model, errors = _read(given)
    if errors:
        raise ManifestError("\n".join(f"{place}, {error}" for error in errors))
    return model


def workload_annotations(annotations: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return the values of the annotations that make up a model: equal ones, equal models."""
    return (annotations.get(DURATION), annotations.get(EXIT_CODE), annotations.get(STOP_DURATION), annotations.get(WORKLOAD))


_DEFAULT = WorkloadModel()
_NOTHING: tuple[str | None, ...] = (None, None, None, None)


@lru_cache(maxsize=65536)
def _read(given: tuple[str | None, ...]) -> tuple[WorkloadModel, tuple[str, ...]]:
    from binpack.control.node.workload_reading import read_model

    return read_model(dict(zip(ANNOTATIONS, given, strict=True)))
