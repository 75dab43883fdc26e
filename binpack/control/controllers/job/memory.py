"""What the Job controller remembers between syncs."""

from __future__ import annotations

from dataclasses import dataclass, field

from binpack.control.controllers.expectations import Expectations
from binpack.control.controllers.job.backoff import BackoffRecord


@dataclass(slots=True)
class JobMemory:
    """Plain data, by key (namespace/name).

    Parameters
    ----------
    expectations : Expectations
    records : dict[str, BackoffRecord]
        Failures in a row.
    released : dict[str, dict[str, None]]
        Uids of pods whose finalizer was taken off and is not yet seen to be.
    """

    expectations: Expectations = field(default_factory=Expectations)
    records: dict[str, BackoffRecord] = field(default_factory=dict)
    released: dict[str, dict[str, None]] = field(default_factory=dict)
