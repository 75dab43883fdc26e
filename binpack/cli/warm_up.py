"""`binpack warm-up`: compile what can be compiled, once."""

from __future__ import annotations

import click


@click.command("warm-up", short_help="Compile the kernels of the extra `fast`.")
def warm_up() -> None:
    """Compile the kernels of the extra `fast` and keep them on disk: the first long run then starts at once.

    Decisions are the same with and without them.

    \b
    Examples:
      binpack warm-up
    """
    from binpack.scheduler.fast.warm_up import warm_up as compile_kernels

    done = compile_kernels()
    click.echo(f"kernels {'compiled' if done.compiled else 'were compiled already: loaded'} in {done.seconds:.1f} s")
