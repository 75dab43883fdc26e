"""`binpack version`: our version, and what it stands on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

import click

from binpack.cli.output import Format, emit_document, output_options
from binpack.results.text_table import table
from binpack.version import KUBERNETES_VERSION, __version__

DEPENDENCIES = ("numpy", "scipy", "ortools", "highspy", "msgspec", "pandas", "pyarrow", "numba")


@click.command(short_help="Show the versions.")
@output_options
def version(output: Format) -> None:
    """Show the version, the Kubernetes version that is reproduced, and those of the main dependencies.

    \b
    Examples:
      binpack version
      binpack version --json
    """
    facts = {"binpack": __version__, "kubernetes": KUBERNETES_VERSION} | {name: _installed(name) for name in DEPENDENCIES}
    if output in (Format.JSON, Format.YAML):
        emit_document(facts, output)
    else:
        click.echo(table(["NAME", "VERSION"], [[name, value or "-"] for name, value in facts.items()]))


def _installed(name: str) -> str | None:
    try:
        return installed_version(name)
    except PackageNotFoundError:
        return None
