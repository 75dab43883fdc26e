"""`binpack verify`: does a certificate prove what it says? Plain integers and fractions, no solver."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from binpack.cli.options import out_option
from binpack.cli.output import Format, deliver, output_options, rendered_document

if TYPE_CHECKING:
    from binpack.optimal.verdict import CheckedLevel, Verdict


@click.command(short_help="Check a certificate without the solver.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--cluster",
    "-c",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="The dump that it is about: the placement is checked on its pods and nodes, too. May be repeated.",
)
@out_option()
@output_options
def verify(file: Path, cluster: tuple[Path, ...], out: Path | None, output: Format) -> None:
    """Check a certificate that `binpack optimize --certificate FILE` wrote: its instance, its placement and its bounds.

    Everything is computed again in integers and fractions. A bound for which there is only a solver's word is shown as claimed, never
    as proven. With --cluster the placement is also checked pod by pod on the objects of the dump, by rules that share no code with
    the solver.

    Exits 0 if all that the certificate says was verified; 1 if something is false, or a proof gives less than is stated; 2 if it
    cannot be read.

    \b
    Examples:
      binpack verify proof.json
      binpack verify proof.json --cluster cluster.json
      binpack verify proof.json --json
    """
    from binpack.errors import CertificateError
    from binpack.optimal.verify import verify as check

    document = _read(file)
    try:
        verdict = check(document)
        problems, notes = list(verdict.problems), list[str]()
        if cluster:
            found, notes = _on_cluster(document, cluster)
            problems += found
    except CertificateError as error:
        raise CertificateError(f"{file}: {error}") from None
    if output in (Format.JSON, Format.YAML):
        deliver(rendered_document(_document(document, verdict, problems, notes, on_cluster=bool(cluster)), output), out)
    else:
        deliver(_text(document, verdict, problems, notes, on_cluster=bool(cluster)), out)
    raise click.exceptions.Exit(1 if problems else 0)


def _on_cluster(document: dict[str, Any], cluster: tuple[Path, ...]) -> tuple[list[str], list[str]]:
    """What is wrong on the objects, and what the check on them cannot judge."""
    from binpack.manifests import read_objects
    from binpack.optimal.verify_cluster import check_on_cluster
    from binpack.optimal.verify_evictions_cluster import eviction_problems

    check = eviction_problems if document.get("schema") == "binpack/evictions" else check_on_cluster
    found = check(document, read_objects(cluster).objects)
    return list(found.problems), list(found.notes)


def _read(file: Path) -> Any:
    from binpack.errors import CertificateError

    try:
        data = file.read_bytes()
        return json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)
    except OSError as error:
        raise CertificateError(f"{file}: cannot be read, {(error.strerror or str(error)).lower()}") from None
    except (ValueError, EOFError, RecursionError) as error:
        raise CertificateError(f"{file}: is no JSON, {error} (accepted: what --certificate wrote)") from None


def _document(document: dict[str, Any], verdict: Verdict, problems: list[str], notes: list[str], *, on_cluster: bool) -> dict[str, Any]:
    return {
        "verified": not problems,
        "optimal": verdict.optimal and not problems,
        "kind": document.get("kind"),
        "problems": problems,
        "levels": [
            {
                "name": level.name,
                "sense": "max" if level.maximise else "min",
                "value": level.value,
                "stated": level.stated,
                "proven": level.proven,
                "kind": level.kind,
                "claimed": level.claimed,
                "optimal": level.optimal,
            }
            for level in verdict.levels
        ],
        "onCluster": on_cluster,
        "digest": document.get("digest"),
        "notes": notes,
    }


def _text(document: dict[str, Any], verdict: Verdict, problems: list[str], notes: list[str], *, on_cluster: bool) -> str:
    lines = [f"REJECTED: {problem}" for problem in problems]
    if not problems:
        nothing = any(level.infeasible for level in verdict.levels)
        said = "optimal" if verdict.optimal else "there is no solution" if nothing else "a placement and what is proven about it"
        where = "on the integers of the instance and on the objects of the cluster" if on_cluster else "on the integers of the instance"
        lines.append(f"Verified: {said}, {where}.")
    lines += [f"  {_level(level)}" for level in verdict.levels]
    lines += [f"  not checked: {note}" for note in notes]
    return "\n".join([*lines, f"  {document.get('digest')}"])


def _level(level: CheckedLevel) -> str:
    relation = "<=" if level.maximise else ">="
    text = f"{level.name}: {'no placement' if level.value is None else level.value}"
    if level.optimal:
        text += f", optimal (proof: {level.kind})"
    elif level.infeasible:
        text += f", proven that there is none (proof: {level.kind})"
    elif level.proven is not None:
        text += f", proven {relation} {level.proven} (proof: {level.kind})"
    if level.claimed is not None and level.claimed != level.proven:
        text += f", claimed {relation} {level.claimed} (a solver's word, not proven)"
    return text
