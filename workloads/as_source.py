"""The demand of a named workload as a source of a scenario: `{source: preset, arguments: {preset: small}}`."""

from __future__ import annotations

from dataclasses import replace

from binpack.errors import ConfigurationError
from binpack.sim.sources import SourceContext
from binpack.sim.timeline import TimelineEvent
from workloads.presets import preset as preset_named
from workloads.workload import generate

_SEEDS = 1 << 31


def preset(context: SourceContext) -> list[TimelineEvent]:
    """Draw the demand of the workload that the argument `preset` names, for as long as the run is. The nodes are the scenario's.

    Raises
    ------
    ConfigurationError
        If there is no such argument, or no such workload.
    """
    name = context.arguments.get("preset")
    if not isinstance(name, str) or len(context.arguments) != 1:
        raise ConfigurationError(f"arguments {dict(context.arguments)} (accepted: {{preset: the name of a workload}})")
    workload = replace(preset_named(name), span_us=context.until_us)
    return list(generate(workload, int(context.generator("seed").integers(_SEEDS))).events)
