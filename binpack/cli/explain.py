"""`binpack explain`: why a pod goes where it goes, or nowhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from binpack.cli.notes import note
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
from binpack.cli.output import Column, Format, camel_keys, deliver, output_options, rendered, rendered_document

if TYPE_CHECKING:
    from binpack.scheduler.explanation import Explanation

ROW_KEYS = ("node", "state", "plugin", "verdict", "code", "reasons", "decided", "weight", "score")


@click.command(short_help="Explain where one pod goes, and why.")
@click.argument("pod")
@cluster_option
@pods_option
@config_option
@ties_option
@seed_option
@namespace_option("Look for the pod in this namespace.")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, metavar="N", help="How many feasible nodes are shown.")
@out_option()
@verbose_option
@output_options
def explain(
    pod: str,
    cluster: tuple[Path, ...],
    pods: tuple[Path, ...],
    config: Path | None,
    ties: str | None,
    seed: int,
    namespace: str | None,
    top: int,
    out: Path | None,
    verbose: bool,
    output: Format,
) -> None:
    """Explain where POD (namespace/name, or a unique name) goes in the cluster as it stands.

    Shows the decision, or the message that `kubectl describe pod` would show; the best nodes with each plugin's score; and the
    rejected nodes by plugin and reason. A bound pod is explained against the cluster without it. -o wide shows every node with
    each plugin's own verdict, also those after the first rejection; -o csv has one row a node and plugin, -o json both.

    \b
    Examples:
      binpack explain shop/web-1 --cluster cluster.json
      binpack explain web-1 --cluster cluster.json --top 10
      binpack explain web-1 --cluster cluster.json -o wide | less -S
      binpack explain new --cluster cluster.json --pods new.yaml --json
    """
    from binpack.api import explain as explained
    from binpack.cli.inputs import read_cluster, read_scheduler
    from binpack.scheduler.explanation_text import explanation_text, matrix_text

    configuration = read_scheduler(config)
    given = read_cluster(cluster, pods, config=config)
    result = explained(given.objects, pod, namespace=namespace, configuration=configuration, ties=ties, seed=seed)
    given.tell()
    match output:
        case Format.TABLE:
            text = explanation_text(result, top=top)
        case Format.WIDE:
            text = matrix_text(result)
        case Format.CSV:
            text = rendered((camel_keys(row) for row in result.rows()), [Column(key) for key in ROW_KEYS], output)
        case _:
            text = rendered_document(as_document(result), output)
    deliver(text, out)
    if verbose:
        _tell_more(result)


def as_document(result: Explanation) -> dict[str, Any]:
    """Write an explanation as plain data: the decision, the nodes, the groups, and one row a node and plugin."""
    outcome = result.decision.post_filter
    nominated = outcome is not None and bool(outcome.nominated_node)
    return {
        "pod": result.pod.key,
        "scheduler": result.profile.scheduler_name,
        "ties": str(result.ties),
        "percentageOfNodesToScore": result.profile.percentage_of_nodes_to_score,
        "presentNode": result.present_node,
        "node": result.node,
        "score": result.score,
        "failed": result.decision.failed,
        "message": result.message,
        "preemption": {"nominatedNode": outcome.nominated_node, "victims": [victim.key for victim in outcome.victims]}
        if outcome is not None and nominated
        else None,
        "notes": list(result.notes),
        "nodes": [
            {
                "node": node,
                "state": str(result.states[position]),
                "rank": int(result.ranks[position]) or None,
                "total": int(result.totals[position]) if result.ranks[position] else None,
            }
            for position, node in enumerate(result.nodes)
        ],
        "rejected": [
            {"plugin": group.plugin, "code": str(group.status.code), "reasons": list(group.status.reasons), "nodes": list(group.nodes)}
            for group in result.groups
        ],
        "shortages": [camel_keys(asdict(shortage)) for shortage in result.shortages],
        "rows": [camel_keys(row) for row in result.rows()],
    }


def _tell_more(result: Explanation) -> None:
    percentage = result.profile.percentage_of_nodes_to_score
    note(f"profile {result.profile.scheduler_name}: ties {result.ties}, percentageOfNodesToScore {percentage or '0 (adaptive)'}")
    skipped = [column.plugin for column in result.filters if column.skipped]
    note(f"filters with nothing to do for this pod: {', '.join(skipped) or 'none'}")
    if result.profile.missing:
        note(f"in-tree plugins of the profile that are not there: {', '.join(result.profile.missing)}")
