"""`binpack config`: what a KubeSchedulerConfiguration comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from binpack.cli.options import out_option
from binpack.cli.output import Column, Format, deliver, emit, output_options, rendered_document

if TYPE_CHECKING:
    from binpack.framework.resolution import ResolvedProfile

COLUMNS = (Column("profile"), Column("item"), Column("value", wrap=True))


@click.group(short_help="Check or print a configuration.")
def config() -> None:
    """Check a scheduler's configuration, or print the default one.

    \b
    Examples:
      binpack config check scheduler.yaml
      binpack config default > scheduler.yaml
    """


@config.command()
@click.argument("file", type=click.Path(path_type=Path))
@output_options
def check(file: Path, output: Format) -> None:
    """Check a KubeSchedulerConfiguration (- is standard input) and show what it comes to.

    Shows the plugins of each point in run order, the weights, the arguments that differ from the defaults, and what is understood
    but has no effect here. Exits 2 and lists every mistake, a line each, if there are any.

    \b
    Examples:
      binpack config check scheduler.yaml
      binpack config check scheduler.yaml --json
    """
    from binpack.api import read_configuration, registry
    from binpack.framework.describe import describe

    rows = [
        {"profile": row.profile or None, "item": row.item, "value": row.value} for row in describe(read_configuration(file), registry())
    ]
    emit(rows, COLUMNS, output)


@config.command()
@out_option()
def default(out: Path | None) -> None:
    """Print kube-scheduler's default configuration in full, as a file to start from.

    It means the same as no configuration to kube-scheduler. (Without a file this toolkit scores all nodes; with one it samples them
    as kube-scheduler does.)

    \b
    Examples:
      binpack config default > scheduler.yaml
    """
    deliver(rendered_document(default_document(), Format.YAML), out)


def default_document() -> dict[str, Any]:
    """Return the default configuration as plain data."""
    from binpack.api import registry
    from binpack.framework.configuration import KubeSchedulerConfiguration
    from binpack.framework.defaults import API_VERSION, KIND
    from binpack.framework.resolution import resolve

    (profile,) = resolve(KubeSchedulerConfiguration(), registry()).profiles
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "percentageOfNodesToScore": profile.percentage_of_nodes_to_score,
        "profiles": [{"schedulerName": profile.scheduler_name, "plugins": _plugins(), "pluginConfig": _arguments(profile)}],
    }


def _plugins() -> dict[str, Any]:
    from binpack.framework.defaults import DEFAULT_MULTI_POINT

    enabled = [{"name": name} if weight is None else {"name": name, "weight": weight} for name, weight in DEFAULT_MULTI_POINT]
    return {"multiPoint": {"enabled": enabled}}


def _arguments(profile: ResolvedProfile) -> list[dict[str, Any]]:
    from binpack.framework.describe import complete
    from binpack.model.base import StrictStruct

    return [
        {"name": name, "args": arguments}
        for name, value in sorted(profile.arguments.items())
        if isinstance(value, StrictStruct) and (arguments := complete(value))
    ]
