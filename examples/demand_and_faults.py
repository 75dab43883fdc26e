"""Sources of one's own for a scenario: Jobs that come in waves, and racks that fail as a whole. examples/sources.yaml names them.

A package registers such functions as entry points of the groups `binpack.workloads` and `binpack.faults`.
"""

from __future__ import annotations

from collections.abc import Iterator

from binpack.sim.sources import SourceContext
from binpack.sim.timeline import Apply, FailNode, RecoverNode
from binpack.testing import job, pod
from binpack.units import US_PER_MINUTE

RACK = "example.com/rack"


def waves(context: SourceContext) -> Iterator[Apply]:
    """Every so many minutes a wave of Jobs; their run times are drawn."""
    every_us = context.arguments["everyMinutes"] * US_PER_MINUTE
    minutes = context.generator("run times")
    for wave in range(context.until_us // every_us):
        for number in range(context.arguments["jobs"]):
            lasts = int(minutes.integers(3, 15))
            template = pod().request(cpu="2", memory="4Gi").annotate({"binpack.dev/duration": f"{lasts}m"})
            yield Apply(wave * every_us, job(f"wave-{wave}-{number}", template, parallelism=2, completions=2))


def racks(context: SourceContext) -> Iterator[FailNode | RecoverNode]:
    """Now and then the power of a rack fails, for ten minutes."""
    by_rack: dict[str, list[str]] = {}
    for node in context.nodes:
        by_rack.setdefault(node.metadata.labels.get(RACK, ""), []).append(node.name)
    for rack, names in by_rack.items():
        time_us = int(context.generator(rack).exponential(context.arguments["meanMinutes"]) * US_PER_MINUTE)
        if rack and time_us + 10 * US_PER_MINUTE <= context.until_us:
            yield from (FailNode(time_us, name) for name in names)
            yield from (RecoverNode(time_us + 10 * US_PER_MINUTE, name) for name in names)
