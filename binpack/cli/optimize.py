"""`binpack optimize`: how far the present placement is from the best there is, or the fewest bins for an instance file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from binpack.cli.objectives import ObjectiveType, resource_of
from binpack.cli.options import out_option, pods_option, seed_option, verbose_option
from binpack.cli.output import Column, Format, deliver, output_options, rendered, rendered_document
from binpack.cli.writing import write_text

if TYPE_CHECKING:
    from binpack.model.objects import Objects
    from binpack.model.pod import Pod
    from binpack.optimal.answer import Answer
    from binpack.optimal.instances.reading import Format as InstanceFormat
    from binpack.optimal.solve import Objective

MOVE_COLUMNS = (Column("pod"), Column("from"), Column("to"))
PATTERN_COLUMNS = (Column("bins"), Column("items"))
INTERRUPTED = 130
_PATH = click.Path(path_type=Path)


@click.command(short_help="Find the best placement, and prove it.")
@click.option(
    "--cluster", "-c", type=_PATH, multiple=True, metavar="PATH", help="A dump, a manifest, a directory of them, or -. May be repeated."
)
@pods_option
@click.option("--instance", metavar="FILE[#NAME]", help="In place of a cluster: a bin packing instance.")
@click.option("--format", "form", type=click.Choice(["vbp", "csp", "orlib"]), help="Of the instance file, where its suffix does not tell.")
@click.option(
    "--config",
    type=_PATH,
    multiple=True,
    metavar="FILE",
    help="A KubeSchedulerConfiguration to compare with. The first one's filters say what is legal. May be repeated.",
)
@click.option(
    "--objective",
    type=ObjectiveType(),
    default="nodes",
    show_default=True,
    help="What is best.",
)
@click.option("--prices", type=_PATH, metavar="FILE", help="For cost: a mapping from instance type to price, YAML or JSON.")
@click.option(
    "--must-place", type=int, metavar="PRIORITY", help="For resource: waiting pods of this priority or a higher one have to be placed, too."
)
@click.option(
    "--target-nodes", metavar="N|min|min+N", help="For moves: nodes in use at most, or so many above the fewest.  [default: min+1]"
)
@click.option("--curve", is_flag=True, help="For moves: the fewest moves to each number of nodes, from today's to the fewest.")
@click.option("--plot", type=_PATH, metavar="FILE", help="With --curve: draw it (.png, .svg or .pdf).")
@click.option("--bare-pods-move", is_flag=True, help="For moves: also move pods without a controller, which nothing recreates.")
@click.option("--pod", multiple=True, metavar="NAMESPACE/NAME", help="For evictions: a pod that waits. May be repeated.  [default: each]")
@click.option("--pod-file", type=_PATH, metavar="FILE", help="For evictions: the pods of this manifest, on the cluster as it stands.")
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="For the solver alone.  [default: 10]")
@click.option(
    "--deterministic-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="WORK",
    help="In place of a time limit: work, about a second each, that ends a search at the same point on any machine.",
)
@click.option(
    "--gap", type=click.FloatRange(0, 1), default=0.0, show_default=True, metavar="FRACTION", help="Good enough: end at this gap."
)
@click.option("--bare-pods-stay", is_flag=True, help="Leave pods without a controller where they are, as `kubectl drain` would.")
@click.option("--certificate", type=_PATH, metavar="FILE", help="Write instance, placement and proof, for `binpack verify` to check.")
@seed_option
@out_option()
@verbose_option
@output_options
def optimize(cluster: tuple[Path, ...], instance: str | None, **options: Any) -> None:
    """Find the best placement of a cluster's pods, and prove how good any placement could be.

    nodes and cost ask for the fewest or cheapest nodes that hold all pods, those that wait included; priority for the most pods
    placed, the highest priority first; resource=NAME for the most of one resource allocated, where running pods keep a place and
    those that wait are chosen from, whatever their priority; moves for the fewest moves to so many nodes, as a plan in waves;
    evictions for the smallest set of pods on one node without which a pod that waits fits, one pod at a time. Pods of DaemonSets,
    static and protected pods stay where they are; cordoned and control-plane nodes take no new ones; a node with only such pods
    counts as free. -o wide and -o csv list the moves.

    With --instance the question is the fewest bins for a file of VPSolver (.vbp), BPPLIB (csp) or the OR-Library (orlib).

    Progress goes to standard error where somebody is watching. Ctrl-C ends the search with its best so far, and exits 130. Exits 1
    if not all pods can be placed (infeasible), or nothing was found (unknown).

    \b
    Examples:
      binpack optimize --cluster cluster.json
      binpack optimize --cluster cluster.json --config packing.yaml --config spreading.yaml
      binpack optimize --cluster cluster.json --objective cost --prices prices.yaml
      binpack optimize --cluster cluster.json --objective resource=nvidia.com/gpu --config most-allocated.yaml
      binpack optimize --cluster cluster.json --objective moves --target-nodes min+1
      binpack optimize --cluster cluster.json --objective moves --curve --plot curve.png --out curve.parquet
      binpack optimize --cluster cluster.json --objective evictions --pod shop/web-1
      binpack optimize --cluster cluster.json --time-limit 60 --certificate proof.json
      binpack optimize --instance items.vbp --time-limit 30 --json
      binpack optimize --instance binpack1.txt#u120_00 --format orlib
    """
    resource = resource_of(options["objective"])
    asked = _Asked(**{**options, "objective": options["objective"] if resource is None else "resource", "resource": resource})
    if bool(cluster) == (instance is not None):
        raise click.UsageError("--cluster PATH or --instance FILE is needed (accepted: one of the two)")
    if asked.time_limit is not None and asked.deterministic_limit is not None:
        raise click.UsageError("--time-limit and --deterministic-limit exclude each other (accepted: one of the two)")
    code = _of_instance(instance, asked) if instance is not None else _of_cluster(cluster, asked)
    raise click.exceptions.Exit(code)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The options, as they were given."""

    pods: tuple[Path, ...]
    form: InstanceFormat | None
    config: tuple[Path, ...]
    objective: Objective | Literal["moves", "evictions"]
    resource: str | None
    must_place: int | None
    prices: Path | None
    target_nodes: str | None
    curve: bool
    plot: Path | None
    bare_pods_move: bool
    pod: tuple[str, ...]
    pod_file: Path | None
    time_limit: float | None
    deterministic_limit: float | None
    gap: float
    bare_pods_stay: bool
    certificate: Path | None
    seed: int
    out: Path | None
    verbose: bool
    output: Format

    def has_to_be_placed(self, pod: Pod) -> bool:
        """For `resource`: whether a waiting pod is no choice."""
        return self.must_place is not None and pod.priority >= self.must_place

    def limits(self) -> dict[str, Any]:
        """What every search takes. The clock starts with the solvers loaded."""
        from binpack.cli.search_progress import search_listener
        from binpack.optimal.engines import load_engines

        time_limit = 10.0 if self.time_limit is None and self.deterministic_limit is None else self.time_limit
        if time_limit is not None:
            load_engines()
        return {
            "seed": self.seed,
            "time_limit_s": time_limit,
            "deterministic_limit": self.deterministic_limit,
            "gap": self.gap,
            "listener": search_listener(),
        }


def _of_cluster(cluster: tuple[Path, ...], asked: _Asked) -> int:
    from binpack.api import optimize as best_placement
    from binpack.api.solving import compare_schedulers
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.cli.optimum_document import cluster_document, move_rows
    from binpack.cli.optimum_text import optimum_text
    from binpack.cli.prices import read_prices
    from binpack.model.node import Node

    if asked.form is not None:
        raise click.UsageError("--format is for --instance (accepted with --cluster: none)")
    if (asked.objective == "cost") != (asked.prices is not None):
        raise click.UsageError("--prices FILE is needed for --objective cost, and for nothing else (accepted: both or neither)")
    if (asked.pod or asked.pod_file) and asked.objective != "evictions":
        raise click.UsageError("--pod and --pod-file are for --objective evictions (accepted with another: neither)")
    if asked.must_place is not None and asked.resource is None:
        raise click.UsageError("--must-place PRIORITY is for --objective resource=NAME (accepted with another: none)")
    if asked.objective == "moves":
        return _of_curve(cluster, asked) if asked.curve else _of_moves(cluster, asked)
    if asked.target_nodes is not None or asked.bare_pods_move or asked.curve or asked.plot:
        raise click.UsageError(
            "--target-nodes, --curve, --plot and --bare-pods-move are for --objective moves (accepted with another: none)"
        )
    if asked.objective == "evictions":
        return _of_evictions(cluster, asked)
    configurations = {str(path): read_scheduler(path) for path in asked.config}
    given = read_cluster(cluster, asked.pods, config=asked.config[0] if asked.config else None)
    result = best_placement(
        given.objects,
        objective=asked.objective,
        prices=None if asked.prices is None else read_prices(asked.prices, given.objects.of(Node)),
        configuration=next(iter(configurations.values()), None),
        bare_pods_stay=asked.bare_pods_stay,
        resource=asked.resource,
        must_place=asked.has_to_be_placed,
        **asked.limits(),
    )
    compared = compare_schedulers(given.objects, result, configurations, seed=asked.seed)
    given.tell()
    _write_certificate(asked, result.certificate())
    if asked.output is Format.CSV:
        deliver(rendered(move_rows(result), MOVE_COLUMNS, asked.output), asked.out)
    elif asked.output.is_text:
        text = optimum_text(result, compared, verbose=asked.verbose)
        moves = f"\n\n{rendered(move_rows(result), MOVE_COLUMNS, asked.output)}" if asked.output is Format.WIDE else ""
        deliver(text + moves, asked.out)
    else:
        deliver(rendered_document(cluster_document(result, (result.compare_today(), *compared)), asked.output), asked.out)
    return _code(result.answer, interrupted=result.solution.interrupted)


def _of_moves(cluster: tuple[Path, ...], asked: _Asked) -> int:
    from binpack.api.solving import plan_moves
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.cli.moves import STEP_COLUMNS, plan_document, plan_text
    from binpack.optimal.answer import checked_answer

    if asked.plot is not None:
        raise click.UsageError("--plot without --curve (accepted: --objective moves --curve --plot FILE)")
    _check_moves(asked)
    given = read_cluster(cluster, asked.pods, config=asked.config[0] if asked.config else None, evictions=True)
    limits = {key: value for key, value in asked.limits().items() if key not in ("gap", "listener")}
    plan = plan_moves(
        given.objects,
        target_nodes=asked.target_nodes or "min+1",
        configuration=read_scheduler(asked.config[0]) if asked.config else None,
        bare_pods_move=asked.bare_pods_move,
        **limits,
    )
    given.tell()
    answer = checked_answer(plan.certificate())
    _write_certificate(asked, answer.document)
    if asked.output is Format.CSV:
        deliver(rendered(plan.rows(), STEP_COLUMNS, asked.output), asked.out)
    elif asked.output.is_text:
        steps = f"\n\n{rendered(plan.rows(), STEP_COLUMNS, asked.output)}" if plan.steps else ""
        deliver(plan_text(plan, answer) + steps, asked.out)
    else:
        deliver(rendered_document(plan_document(plan, answer), asked.output), asked.out)
    return 1 if answer.objective is None else 0


def _of_curve(cluster: tuple[Path, ...], asked: _Asked) -> int:
    from binpack.api.solving import moves_curve
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.cli.moves_curve import check_picture, deliver_curve, draw_curve

    if asked.target_nodes is not None or asked.certificate is not None:
        raise click.UsageError("--curve goes through all numbers of nodes (accepted with it: no --target-nodes, no --certificate)")
    _check_moves(asked)
    if asked.plot is not None:
        check_picture(asked.plot)
    given = read_cluster(cluster, asked.pods, config=asked.config[0] if asked.config else None, evictions=True)
    curve = moves_curve(
        given.objects,
        configuration=read_scheduler(asked.config[0]) if asked.config else None,
        bare_pods_move=asked.bare_pods_move,
        **{key: value for key, value in asked.limits().items() if key not in ("gap", "listener")},
    )
    given.tell()
    if asked.plot is not None:
        draw_curve(curve, asked.plot)
    deliver_curve(curve, asked.output, asked.out)
    return 0


def _check_moves(asked: _Asked) -> None:
    if len(asked.config) > 1 or asked.bare_pods_stay or asked.gap:
        raise click.UsageError("--objective moves takes no --bare-pods-stay, no --gap and one --config (pods without a controller stay)")


def _of_evictions(cluster: tuple[Path, ...], asked: _Asked) -> int:
    from time import monotonic

    from binpack.api.solving import fewest_evictions
    from binpack.cli.evictions import VICTIM_COLUMNS, eviction_rows, evictions_document, evictions_text
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.cli.progress import progress

    if len(asked.config) > 1 or asked.bare_pods_stay or asked.gap or asked.deterministic_limit:
        raise click.UsageError("--objective evictions takes no --deterministic-limit, no --gap, no --bare-pods-stay and one --config")
    added = () if asked.pod_file is None else (asked.pod_file,)
    given = read_cluster(cluster, (*asked.pods, *added), config=asked.config[0] if asked.config else None, evictions=True)
    wanted = asked.pod or (None if asked.pod_file is None else _added_pods(given.objects, cluster, asked))
    begun, most = monotonic(), asked.time_limit

    def over() -> bool:
        return most is not None and monotonic() - begun > most

    configuration = read_scheduler(asked.config[0]) if asked.config else None
    with progress("pods") as tick:
        answers = fewest_evictions(given.objects, pods=wanted, configuration=configuration, stop=over, tick=tick)
    statuses = [found.answer.status for found in answers]
    seconds = monotonic() - begun
    given.tell()
    if asked.certificate is not None and len(answers) != 1:
        raise click.UsageError(f"--certificate is about one pod, {len(answers)} were asked for (accepted: with --pod NAMESPACE/NAME)")
    if asked.certificate is not None:
        _write_certificate(asked, answers[0].answer.document)
    if asked.output is Format.CSV or (asked.output.is_text and len(answers) != 1):
        deliver(rendered(eviction_rows(answers), VICTIM_COLUMNS, asked.output) if answers else "No pod waits.", asked.out)
    elif asked.output.is_text:
        deliver(evictions_text(answers[0], verbose=asked.verbose or asked.output is Format.WIDE), asked.out)
    else:
        documents = [evictions_document(found, seconds / len(answers)) for found in answers]
        alone = wanted is not None and len(documents) == 1
        deliver(rendered_document(documents[0] if alone else documents, asked.output), asked.out)
    return 1 if any(status in ("infeasible", "unknown") for status in statuses) else 0


def _added_pods(objects: Objects, cluster: tuple[Path, ...], asked: _Asked) -> tuple[str, ...]:
    """The pods that are there because of `--pod-file`."""
    from binpack.manifests import read_objects
    from binpack.model.pod import Pod

    before = {pod.key for pod in read_objects(cluster, asked.pods).objects.of(Pod)}
    return tuple(pod.key for pod in objects.of(Pod) if pod.key not in before)


def _of_instance(instance: str, asked: _Asked) -> int:
    from binpack.cli.instance_text import instance_text
    from binpack.cli.optimum_document import instance_document, pattern_rows
    from binpack.optimal.instances.optimize import optimize_instance
    from binpack.optimal.instances.reading import read_instance_file

    if (
        asked.pod
        or asked.pod_file
        or asked.objective != "nodes"
        or asked.prices
        or asked.pods
        or asked.config
        or asked.bare_pods_stay
        or asked.target_nodes
    ):
        raise click.UsageError("--instance asks for the fewest bins (accepted with it: no --objective, --prices, --pods, --config)")
    result = optimize_instance(read_instance_file(instance, asked.form), **asked.limits())
    _write_certificate(asked, result.certificate())
    if asked.output is Format.CSV:
        deliver(rendered(_flat_patterns(pattern_rows(result)), PATTERN_COLUMNS, asked.output), asked.out)
    elif asked.output.is_text:
        deliver(instance_text(result, verbose=asked.verbose or asked.output is Format.WIDE), asked.out)
    else:
        deliver(rendered_document(instance_document(result), asked.output), asked.out)
    return _code(result.answer, interrupted=result.solution.interrupted)


def _flat_patterns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Contents as `2*30 20;1*10 5`: count, sizes."""
    return [{**row, "items": ";".join(f"{item['count']}*{' '.join(map(str, item['sizes']))}" for item in row["items"])} for row in rows]


def _write_certificate(asked: _Asked, document: dict[str, Any]) -> None:
    if asked.certificate is not None:
        write_text(asked.certificate, json.dumps(document, indent=1) + "\n")


def _code(answer: Answer, *, interrupted: bool) -> int:
    if interrupted:
        return INTERRUPTED
    return 1 if answer.status in ("infeasible", "unknown") else 0
