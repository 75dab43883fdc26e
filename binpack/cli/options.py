"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def cluster_option(command: F) -> F:
    """Add `--cluster PATH`, which may be repeated; the command gets `cluster`, a tuple of paths."""
    return click.option(
        "--cluster",
        "-c",
        type=_PATH,
        multiple=True,
        required=True,
        metavar="PATH",
        help="A dump of `kubectl get … -o json`, a manifest, a directory of them, or - for standard input. May be repeated.",
    )(command)


def pods_option(command: F) -> F:
    """Add `--pods PATH`, which may be repeated."""
    return click.option(
        "--pods",
        type=_PATH,
        multiple=True,
        metavar="PATH",
        help="Further manifests, admitted as the API server would: pods, or what makes pods. May be repeated.",
    )(command)


def config_option(command: F) -> F:
    """Add `--config FILE`."""
    return click.option(
        "--config", type=_PATH, metavar="FILE", help="A KubeSchedulerConfiguration. Without it: the default plugins over all nodes."
    )(command)


def ties_option(command: F) -> F:
    """Add `--ties RULE`; None if it is not given."""
    return click.option(
        "--ties",
        type=click.Choice(["kube", "first", "rank", "random"]),
        help="Who wins among equal totals (`binpack list ties`). Without --config `first`, with it `kube`.",
    )(command)


def seed_option(command: F) -> F:
    """Add `--seed N`."""
    return click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="For whatever draws at random."
    )(command)


def seed_option_without_default(command: F) -> F:
    """Add `--seed N` in place of a seed that a file has; None if it is not given."""
    return click.option("--seed", type=click.IntRange(min=0), metavar="N", help="In place of the file's seed.")(command)


def namespace_option(help_text: str) -> Callable[[F], F]:
    """Add `-n/--namespace NAMESPACE` with a command's own words."""
    return click.option("-n", "--namespace", metavar="NAMESPACE", help=help_text)


def out_option(help_text: str = "Write the output to this file, whole or not at all.") -> Callable[[F], F]:
    """Add `--out PATH`."""
    return click.option("--out", type=_PATH, metavar="PATH", help=help_text)


def verbose_option(command: F) -> F:
    """Add `-v/--verbose`."""
    return click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")(command)
