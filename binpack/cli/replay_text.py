"""A recording and its replay side by side, to read and as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from binpack.cli.output import camel_keys

if TYPE_CHECKING:
    from binpack.sim.recording.comparison import Comparison, Usage


def comparison_document(compared: Comparison) -> dict[str, Any]:
    """Write a comparison as plain data."""
    return {
        "decisionsCount": compared.decisions_count,
        "sameNodeCount": compared.same_node_count,
        "onlyRecordedCount": compared.only_recorded_count,
        "onlyReplayedCount": compared.only_replayed_count,
        "recorded": camel_keys(asdict(compared.recorded)),
        "replayed": camel_keys(asdict(compared.replayed)),
    }


def comparison_text(compared: Comparison) -> str:
    """Write a comparison in a few lines."""
    other = compared.decisions_count - compared.same_node_count
    decided = (
        f"{compared.decisions_count} pods placed by both schedulers: {compared.same_node_count} on the same node, {other} on another;"
        f" {compared.only_recorded_count} only in the recording, {compared.only_replayed_count} only here"
    )
    sides = [("Recorded", compared.recorded), ("Replayed", compared.replayed)]
    return "\n".join(f"{label:<12}{text}" for label, text in [("Decisions", decided), *((name, _usage(side)) for name, side in sides)])


def _usage(usage: Usage) -> str:
    return (
        f"{usage.nodes_in_use_mean:.2f} nodes in use on average, {usage.nodes_in_use_end} at the end; {usage.pending_count} pods wait"
        f" at the end; median wait {usage.waiting_median_s:.3g} s, at most {usage.waiting_max_s:.3g} s"
    )
