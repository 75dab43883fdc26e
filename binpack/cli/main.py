"""The `binpack` command: finds the subcommand, turns a user's mistake into one line and an exit code.

Exit codes: 0 done; 1 done, and the answer is no; 2 a mistake in the command or its input; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from binpack.cli.plugin_errors import plugin_error
from binpack.errors import BinpackError
from binpack.version import KUBERNETES_VERSION, __version__

COMMANDS = {
    "anonymize": "binpack.cli.anonymize:anonymize",
    "config": "binpack.cli.config:config",
    "conformance": "binpack.cli.conformance:conformance",
    "explain": "binpack.cli.explain:explain",
    "list": "binpack.cli.listing:list_",
    "optimize": "binpack.cli.optimize:optimize",
    "schedule": "binpack.cli.schedule:schedule",
    "simulate": "binpack.cli.simulate:simulate",
    "verify": "binpack.cli.verify:verify",
    "version": "binpack.cli.version:version",
    "warm-up": "binpack.cli.warm_up:warm_up",
}
"""Our own subcommands, each imported only when it is asked for."""

ENTRY_POINT_GROUP = "binpack.commands"
"""Where other packages add subcommands: a click command by its name."""

USER_ERROR = 2
INTERRUPTED = 130


class _ReaderGoneError(Exception):
    """A broken pipe, under a name that click does not know: it would turn that into exit code 1."""


class Subcommands(click.Group):
    """Subcommands that are imported when they are needed, so that `binpack --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted({*COMMANDS, *(entry.name for entry in _registered())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one subcommand."""
        if cmd_name in COMMANDS:
            module_name, _, attribute = COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module_name), attribute)
            return command
        for entry in _registered():
            if entry.name == cmd_name:
                _check_own(entry)
                loaded: click.Command = entry.load()
                return loaded
        return None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGoneError from None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; a misspelt one is answered with the nearest names."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from difflib import get_close_matches

            names = self.list_commands(ctx)
            near = get_close_matches(args[0], names) or names
            raise click.UsageError(f'no command "{args[0]}" (accepted: {", ".join(near)})', ctx) from None


@click.group(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=f"binpack %(version)s (Kubernetes {KUBERNETES_VERSION})")
def cli() -> None:
    """How good is the placement a Kubernetes scheduler makes, compared with the best there is?

    \b
    Examples:
      kubectl get nodes,pods,services,replicasets -A -o json > cluster.json
      binpack schedule --cluster cluster.json
      binpack explain default/web-1 --cluster cluster.json
      binpack optimize --cluster cluster.json --objective nodes
      binpack bench run quickstart
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # A plugin of the user's own is mostly a file in the directory where they work. At the end, so that it shadows nothing.
    sys.path.append(os.getcwd())
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        result = cli.main(list(arguments), prog_name="binpack", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        # A command group without a command says what there is.
        click.echo(error.format_message(), err=True)
        return USER_ERROR
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "binpack"
        click.echo(f"{where}: {error.format_message()}", err=True)
        return USER_ERROR
    except BinpackError as error:
        for problem in str(error).splitlines():
            click.echo(f"error: {problem}", err=True)
        return USER_ERROR
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except (_ReaderGoneError, BrokenPipeError):
        # The reader of our output has seen enough (`| head`). Python would complain once more when it flushes on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        told = plugin_error(error)
        if told is None:
            raise  # A bug of ours: the traceback is what we need to see.
        click.echo(f"error: {' '.join(told.split())}", err=True)
        return USER_ERROR
    return result if isinstance(result, int) else 0


def _registered() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def _check_own(entry: EntryPoint) -> None:
    """Notice a foreign package that has the name of one of ours: others install a `benchmarks` or `workloads`, too."""
    package = entry.module.partition(".")[0]
    if package not in ("benchmarks", "workloads"):
        return
    module = import_module(package)
    if getattr(module, "__version__", None) != __version__:
        where = getattr(module, "__file__", None) or ", ".join(getattr(module, "__path__", []))
        raise BinpackError(
            f'package "{package}" is shadowed by {where}, which is not the one of kube-binpack {__version__} (remove it from the path)'
        )
