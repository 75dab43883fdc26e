"""`binpack optimize`: how far the present placement is from the best there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from binpack.cli.options import cluster_option, config_option, out_option, pods_option, seed_option, verbose_option
from binpack.cli.output import Column, Format, deliver, output_options, rendered, rendered_document
from binpack.cli.writing import write_text

if TYPE_CHECKING:
    from binpack.optimal.optimize import Measure, Optimum
    from binpack.optimal.solve import Objective

MOVE_COLUMNS = (Column("pod"), Column("from"), Column("to"))


@click.command(short_help="Find the best placement, and prove it.")
@cluster_option
@pods_option
@config_option
@click.option("--objective", type=click.Choice(["nodes", "cost", "priority"]), default="nodes", show_default=True, help="What is best.")
@click.option(
    "--prices", type=click.Path(path_type=Path), metavar="FILE", help="For cost: a mapping from instance type to price, YAML or JSON."
)
@click.option(
    "--time-limit", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True, metavar="SECONDS", help="For the solver."
)
@click.option("--bare-pods-stay", is_flag=True, help="Leave pods without a controller where they are, as `kubectl drain` would.")
@click.option(
    "--certificate", type=click.Path(path_type=Path), metavar="FILE", help="Write instance, placement and proof, for anybody to check."
)
@seed_option
@out_option()
@verbose_option
@output_options
def optimize(
    cluster: tuple[Path, ...],
    pods: tuple[Path, ...],
    config: Path | None,
    objective: Objective,
    prices: Path | None,
    time_limit: float,
    bare_pods_stay: bool,
    certificate: Path | None,
    seed: int,
    out: Path | None,
    verbose: bool,
    output: Format,
) -> None:
    """Find the best placement of a cluster's pods, and prove how good any placement could be.

    nodes and cost ask for the fewest or cheapest nodes that hold all pods, those that wait included; priority for the most pods
    placed, the highest priority first. Pods of DaemonSets, static and protected pods stay where they are; cordoned and
    control-plane nodes take no new ones; a node with only such pods counts as free. -o wide and -o csv list the moves.

    \b
    Examples:
      binpack optimize --cluster cluster.json
      binpack optimize --cluster cluster.json --objective cost --prices prices.yaml
      binpack optimize --cluster cluster.json --time-limit 60 --certificate proof.json
      binpack optimize --cluster cluster.json -o csv > moves.csv
    """
    from binpack.api import optimize as best_placement
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.cli.optimum_text import optimum_text
    from binpack.cli.prices import read_prices
    from binpack.model.node import Node

    if (objective == "cost") != (prices is not None):
        raise click.UsageError("--prices FILE is needed for --objective cost, and for nothing else (accepted: both or neither)")
    configuration = read_scheduler(config)
    given = read_cluster(cluster, pods, config=config)
    result = best_placement(
        given.objects,
        objective=objective,
        prices=None if prices is None else read_prices(prices, given.objects.of(Node)),
        configuration=configuration,
        seed=seed,
        time_limit_s=time_limit,
        bare_pods_stay=bare_pods_stay,
    )
    given.tell()
    if certificate is not None:
        write_text(certificate, json.dumps(result.certificate(), indent=1) + "\n")
    if output is Format.CSV:
        deliver(rendered(as_moves(result), MOVE_COLUMNS, output), out)
    elif output.is_text:
        text = optimum_text(result, verbose=verbose)
        deliver(f"{text}\n\n{rendered(as_moves(result), MOVE_COLUMNS, output)}" if output is Format.WIDE else text, out)
    else:
        deliver(rendered_document(as_document(result), output), out)


def as_moves(result: Optimum) -> list[dict[str, Any]]:
    """Return the pods whose place changes."""
    return [{"pod": move.pod, "from": move.origin, "to": move.target} for move in result.moves]


def as_document(result: Optimum) -> dict[str, Any]:
    """Write an answer as plain data; times are left out, so that the same search gives the same bytes."""
    solution = result.solution
    return {
        "objective": solution.goal,
        "status": str(solution.status),
        "gap": solution.gap,
        "levels": [
            {
                "name": level.name,
                "sense": "max" if level.maximise else "min",
                "value": level.value,
                "bound": level.proven,
                "optimal": level.closed,
                "gap": level.gap,
                "proof": None if level.bound is None else level.bound.proof.source,
                "claimed": level.claimed,
            }
            for level in solution.levels
        ],
        "costUnit": result.problem.cost_unit,
        "today": _measure(result.today),
        "best": _measure(result.best),
        "method": solution.method,
        "reason": solution.reason or None,
        "repeatable": solution.repeatable,
        "moves": as_moves(result),
        "placement": result.placement,
        "stays": [{"pod": stay.pod.key, "node": stay.node, "reason": stay.reason} for stay in result.stays],
        "closedNodes": [{"node": node, "reason": reason} for node, reason in result.closed],
        "relaxed": list(result.relaxed),
        "rejected": list(result.rejected),
        "digest": solution.digest,
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "nodes": measure.nodes,
        "cost": measure.cost,
        "placed": [{"name": name, "placed": placed, "pods": there} for name, placed, there in measure.placed],
    }
