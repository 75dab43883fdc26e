"""`binpack list`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from binpack.cli.output import Column, Format, emit, output_options

if TYPE_CHECKING:
    from binpack.framework.registry import Registry


@click.command(name="list", short_help="List plugins, policies, ties, objectives.")
@click.argument("what", type=click.Choice(["plugins", "policies", "ties", "objectives"]))
@output_options
def list_(what: str, output: Format) -> None:
    """List what can be named in a configuration or an option.

    \b
    plugins      everything a KubeSchedulerConfiguration may name: points, default weight, where it comes from
    policies     the research policies among the plugins
    ties         rules that choose among equal totals
    objectives   what `binpack optimize` can minimise or maximise

    \b
    Examples:
      binpack list plugins
      binpack list policies --json
    """
    rows, columns = _LISTS[what]()
    emit(rows, columns, output)


def _plugins() -> tuple[list[dict[str, Any]], tuple[Column, ...]]:
    from binpack.api import registry
    from binpack.framework.defaults import DEFAULT_MULTI_POINT, IN_TREE
    from binpack.framework.points import POINTS
    from binpack.plugins import in_tree

    known, defaults, own = registry(), dict(DEFAULT_MULTI_POINT), in_tree()
    # kube-scheduler's in their default order, then what else there is by name.
    names = dict.fromkeys((*defaults, *IN_TREE, *own, *known.names()))
    rows = []
    for name in names:
        found = known.find(name)
        rows.append(
            {
                "plugin": name,
                "points": [str(point) for point in POINTS if point in known.points(name)],
                "defaultWeight": defaults.get(name) or getattr(found, "default_weight", None),
                "default": name in defaults,
                "available": found is not None,
                "source": "kubernetes" if name in IN_TREE else "research" if name in own else _package(known, name),
                "summary": _summary(found),
            }
        )
    columns = (
        Column("plugin"),
        Column("defaultWeight", "WEIGHT"),
        Column("default"),
        Column("available"),
        Column("source"),
        Column("summary", wide=True),
        Column("points", wrap=True),
    )
    return rows, columns


def _package(known: Registry, name: str) -> str:
    found = known.find(name)
    return "" if found is None else found.__module__


def _policies() -> tuple[list[dict[str, Any]], tuple[Column, ...]]:
    from binpack.plugins import in_tree, research_policies

    known = in_tree()
    return [{"policy": name, "summary": _summary(known[name])} for name in research_policies()], (
        Column("policy"),
        Column("summary", wrap=True),
    )


def _ties() -> tuple[list[dict[str, Any]], tuple[Column, ...]]:
    rows = [
        {"rule": "kube", "meaning": "kube-scheduler 1.35's own: first in the pre-order of the implicit heap over the feasible list"},
        {"rule": "first", "meaning": "the bytewise lowest node name"},
        {"rule": "rank", "meaning": "the lowest in a permutation of the nodes drawn once a run"},
        {"rule": "random", "meaning": "drawn anew for each decision"},
    ]
    return rows, (Column("rule"), Column("meaning", wrap=True))


def _objectives() -> tuple[list[dict[str, Any]], tuple[Column, ...]]:
    rows = [
        {"objective": "nodes", "meaning": "the fewest nodes that hold all pods"},
        {"objective": "cost", "meaning": "the lowest price of the nodes in use, by instance type (--prices)"},
        {"objective": "priority", "meaning": "the most pods placed, those of the highest priority first"},
        {"objective": "moves", "meaning": "the fewest moves to a number of nodes (--target-nodes), as a plan in waves"},
        {"objective": "evictions", "meaning": "the smallest set of evictions on one node that lets a waiting pod fit (--pod)"},
    ]
    return rows, (Column("objective"), Column("meaning", wrap=True))


def _summary(found: type[Any] | None) -> str:
    """The first line of a class's documentation."""
    text = (found.__doc__ or "").strip() if found is not None else ""
    return text.split("\n", 1)[0]


_LISTS: dict[str, Callable[[], tuple[list[dict[str, Any]], tuple[Column, ...]]]] = {
    "plugins": _plugins,
    "policies": _policies,
    "ties": _ties,
    "objectives": _objectives,
}
