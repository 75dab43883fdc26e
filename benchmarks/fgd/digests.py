"""A run's digest: counts, and SHA-256 of the arrival order and of the decisions. Two runs with equal digests are the same run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from benchmarks.fgd.replay import Replayed
from binpack.model.devices import MILLI_PER_DEVICE
from workloads.traces.openb import OpenbPod

KINDS = ("cpu", "share", "g1", "g2", "g4", "g8")
FIRST = 1000

DIGEST_COLUMNS = (
    "n_pods",
    "arrived_milli",
    "used_milli",
    "n_failed",
    *(f"{what}_{kind}" for kind in KINDS for what in ("n", "failed")),
    "sha_order",
    "sha_first1000",
    "sha_all",
)
"""What `expected/digests.csv` has of a run, behind trace, policy and seed."""


def digest_of_run(replayed: Replayed) -> dict[str, Any]:
    """Return the columns of `DIGEST_COLUMNS`."""
    arrivals, failed = replayed.filling.arrivals, (replayed.run.rows < 0).tolist()
    came = Counter(kind_of(arrival.pod) for arrival in arrivals)
    lost = Counter(kind_of(arrival.pod) for arrival, dropped in zip(arrivals, failed, strict=True) if dropped)
    lines = list(replayed.decisions())
    by_kind = {f"{what}_{kind}": counts[kind] for kind in KINDS for what, counts in (("n", came), ("failed", lost))}
    return {
        "n_pods": len(arrivals),
        "arrived_milli": int(replayed.arrived_milli()[-1]),
        "used_milli": int(replayed.run.used_milli[-1]),
        "n_failed": sum(failed),
        **by_kind,
        "sha_order": sha_of(arrival.name for arrival in arrivals),
        "sha_first1000": sha_of(lines[:FIRST]),
        "sha_all": sha_of(lines),
    }


def kind_of(pod: OpenbPod) -> str:
    """Return `cpu`, `share`, or `g` and the number of whole devices."""
    if pod.devices == 0:
        return "cpu"
    return "share" if pod.milli_per_device < MILLI_PER_DEVICE else f"g{pod.devices}"


def sha_of(lines: Iterable[str]) -> str:
    """Return the SHA-256 of lines, each with its newline, in hexadecimal."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
