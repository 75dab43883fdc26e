"""`binpack schedule`: where the waiting pods of a snapshot go."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from binpack.cli.notes import note, warn
from binpack.cli.options import (
    cluster_option,
    config_option,
    namespace_option,
    out_option,
    pods_option,
    seed_option,
    ties_option,
    verbose_option,
)
from binpack.cli.output import Column, Format, camel_keys, deliver, output_options, rendered

if TYPE_CHECKING:
    from binpack.scheduler.schedule import Schedule

COLUMNS = (
    Column("namespace"),
    Column("pod"),
    Column("state"),
    Column("node"),
    Column("score"),
    Column("feasibleNodes", "FEASIBLE", wide=True),
    Column("evaluatedNodes", "EVALUATED", wide=True),
    Column("runnerUp", "RUNNER-UP", wide=True),
    Column("runnerUpScore", "ITS SCORE", wide=True),
    Column("nominatedNode", "NOMINATED", wide=True),
    Column("victims", wide=True),
    Column("evicted", wide=True),
    Column("message", wide=True),
)


@click.command(short_help="Place the waiting pods of a cluster.")
@cluster_option
@pods_option
@config_option
@ties_option
@seed_option
@namespace_option("Show only pods of this namespace. All are scheduled, for they compete.")
@click.option("--preemption", is_flag=True, help="For pods that fit nowhere: where preemption would make room, and whom it costs.")
@click.option("--evict", is_flag=True, help="Carry the preemption out: take the victims off, place the pod. (Victims are not placed anew.)")
@click.option("--fail-on-pending", is_flag=True, help="Exit 1 if a shown pod stays pending.")
@out_option()
@verbose_option
@output_options
def schedule(
    cluster: tuple[Path, ...],
    pods: tuple[Path, ...],
    config: Path | None,
    ties: str | None,
    seed: int,
    namespace: str | None,
    preemption: bool,
    evict: bool,
    fail_on_pending: bool,
    out: Path | None,
    verbose: bool,
    output: Format,
) -> int:
    """Place the waiting pods of a cluster, in scheduling order, each committed before the next.

    The order is that of the queue: priority, then creation time, then place in the file. A score is the chosen node's total; "-"
    where only one node was feasible, for then kube-scheduler does not score.

    Exits 0, also if pods stay pending (1 with --fail-on-pending); 2 for a mistake in the input.

    \b
    Examples:
      binpack schedule --cluster cluster.json
      binpack schedule --cluster cluster.json --pods web.yaml --config scheduler.yaml
      binpack schedule --cluster manifests/ --preemption -o wide
      kubectl get nodes,pods -A -o json | binpack schedule --cluster - --json
    """
    from binpack.api import schedule as place
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.cli.progress import progress

    configuration = read_scheduler(config)
    given = read_cluster(cluster, pods, config=config, evictions=preemption or evict)
    with progress("pods") as tick:
        result = place(
            given.objects, configuration=configuration, ties=ties, seed=seed, preemption=preemption or evict, evict=evict, tick=tick
        )
    given.tell()
    shown = result if namespace is None else _of_namespace(result, namespace)
    if namespace is not None and not shown.placements:
        waiting = sorted({placement.pod.metadata.namespace for placement in result.placements})
        note(f'no pod waits in namespace "{namespace}" (pods wait in: {", ".join(waiting) or "none"})')
    _warn(result)
    text = rendered([camel_keys(row) for row in shown.rows()], COLUMNS, output)
    summary = _summary(shown)
    if output.is_text:
        deliver(f"{text}\n\n{summary}" if shown.placements else summary, out)
    else:
        deliver(text, out)
    if not output.is_text or out is not None:
        note(summary)
    if verbose:
        _tell_more(result)
    return 1 if fail_on_pending and shown.pending else 0


def _of_namespace(result: Schedule, namespace: str) -> Schedule:
    return dataclasses.replace(result, placements=tuple(p for p in result.placements if p.pod.metadata.namespace == namespace))


def _summary(result: Schedule) -> str:
    from binpack.scheduler.schedule_text import nomination_text, schedule_text

    evictions = [f"  {nomination_text(placement)}" for placement in result.placements if placement.evicted]
    return "\n".join([schedule_text(result), *evictions])


def _warn(result: Schedule) -> None:
    """Say which decisions cannot be trusted, because a plugin that they need is not there."""
    from binpack.results.name_list import name_list

    warn(
        f"{plugin} is not there yet, and {len(pods)} pod{'s' * (len(pods) != 1)} need it: {name_list(pods, width=80)}"
        for plugin, pods in result.missing.items()
        if pods
    )


def _tell_more(result: Schedule) -> None:
    for name, percentage in result.percentages.items():
        note(f"profile {name}: percentageOfNodesToScore {percentage or '0 (adaptive)'}")
    if result.missing:
        note(f"in-tree plugins of the profiles that are not there: {', '.join(result.missing)}")
