"""`binpack anonymize`: a dump that can be shown to others, with every scheduling decision as it was."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import click

from binpack.cli.notes import note
from binpack.cli.options import cluster_option, out_option
from binpack.cli.output import deliver


@click.command(short_help="Take the names out of a dump, to share it.")
@cluster_option
@click.option(
    "--salt", metavar="TEXT", help="Names hash to the same for the same salt; keep it secret. Without it: drawn anew and forgotten."
)
@out_option("Write to this file, whole or not at all; compressed if its name ends in .gz.")
def anonymize(cluster: tuple[Path, ...], salt: str | None, out: Path | None) -> None:
    """Take the names out of a dump, so that the cluster that shows a bug can be shared.

    Names, labels, images and addresses are replaced, equal ones alike; commands, messages and most annotations are dropped. Amounts,
    times, priorities, what Kubernetes itself names, and every relation between objects stay: decisions are the same. Look at the
    result before you show it to anybody.

    \b
    Examples:
      binpack anonymize --cluster cluster.json --out anonymous.json.gz
      kubectl get nodes,pods -A -o json | binpack anonymize --cluster - > anonymous.json
    """
    from binpack.model.anonymize import anonymize as renamed
    from binpack.model.load import load
    from binpack.model.objects import as_list

    objects = load(cluster, checks="none")
    if skipped := objects.skipped_line():
        note(skipped)
    document = as_list(renamed(objects, salt=salt if salt is not None else secrets.token_hex(16)))
    deliver(json.dumps(document, indent=1, ensure_ascii=False), out)
