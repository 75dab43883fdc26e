"""How long a pod's containers run, how they end, and how long they take to stop: what its annotations say.

A cluster finds this out by running them. In a simulation it is part of the input:

- `binpack.dev/duration: 90s`: each container exits so long after its start. Without it, it runs until it is stopped.
- `binpack.dev/exit-code: "1"`: with this code; 0 by default.
- `binpack.dev/stop-duration: 5s`: so long after SIGTERM it has stopped, with exit code 0; 1 s by default. One that takes longer than the
  grace period is killed, with exit code 137.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from binpack.errors import ManifestError
from binpack.model.duration import parse_duration_ns
from binpack.model.pod import Pod
from binpack.model.selectors import parse_int64
from binpack.units import US_PER_S

DURATION = "binpack.dev/duration"
EXIT_CODE = "binpack.dev/exit-code"
STOP_DURATION = "binpack.dev/stop-duration"
DEFAULT_STOP_US = US_PER_S
KILLED_EXIT_CODE = 137

_NS_PER_US = 1000
_EXIT_CODES = range(256)


@dataclass(frozen=True, slots=True)
class WorkloadModel:
    """What a pod's containers do once they are started.

    Parameters
    ----------
    duration_us : int or None
        None: they run until they are stopped.
    exit_code : int
    stop_us : int
        How long they take to stop.
    """

    duration_us: int | None = None
    exit_code: int = 0
    stop_us: int = DEFAULT_STOP_US


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
        If one of them cannot be understood; the message begins with the place.
    """
    duration, code, stop = annotations.get(DURATION), annotations.get(EXIT_CODE), annotations.get(STOP_DURATION)
    if duration is None and code is None and stop is None:
        return _DEFAULT
    try:
        return _parse(duration, code, stop)
    except ValueError as error:
        raise ManifestError(f"{place}, {error}") from None


_DEFAULT = WorkloadModel()


@lru_cache(maxsize=65536)
def _parse(duration: str | None, code: str | None, stop: str | None) -> WorkloadModel:
    exit_code = 0 if code is None else parse_int64(code)
    if exit_code is None or exit_code not in _EXIT_CODES:
        raise ValueError(f'metadata.annotations[{EXIT_CODE}]: "{code}" is not an exit code (accepted: "0" to "255")')
    stop_us = _microseconds(STOP_DURATION, stop)
    return WorkloadModel(_microseconds(DURATION, duration), exit_code, DEFAULT_STOP_US if stop_us is None else stop_us)


def _microseconds(key: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        microseconds = parse_duration_ns(text) // _NS_PER_US
    except ValueError as error:
        raise ValueError(f"metadata.annotations[{key}]: {error}") from None
    if microseconds < 0:
        raise ValueError(f'metadata.annotations[{key}]: "{text}" is negative (accepted: durations from 0s)')
    return microseconds
