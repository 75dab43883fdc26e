"""`binpack optimize --objective moves --curve`: what each freed node costs, as a table, a file or a picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from binpack.cli.labelled import labelled
from binpack.cli.output import Column, Format, deliver, rendered, rendered_document
from binpack.errors import OutputError
from binpack.optimal.progress import relative_gap
from binpack.results.writing import atomic

if TYPE_CHECKING:
    from binpack.optimal.migration.curve import CurvePoint, MovesCurve

CURVE_COLUMNS = (Column("nodes"), Column("freed"), Column("moves"), Column("bound"), Column("proven"))
PICTURES = (".png", ".svg", ".pdf")
PARQUET = ".parquet"


def deliver_curve(curve: MovesCurve, output: Format, out: Path | None) -> None:
    """Print the points, or write them to a file; one whose name ends in `.parquet` becomes Parquet."""
    if out is not None and out.suffix == PARQUET:
        with _written(out) as draft:
            curve.results().write_parquet(draft)
    elif output is Format.CSV:
        deliver(rendered([_row(point) for point in curve.points], CURVE_COLUMNS[:4], output), out)
    elif output.is_text:
        deliver(rendered([_row(point) for point in curve.points], CURVE_COLUMNS, output) + "\n\n" + _words(curve), out)
    else:
        deliver(rendered_document(_document(curve), output), out)


def draw_curve(curve: MovesCurve, path: Path) -> None:
    """Draw the curve with its bound, into a file whose suffix is one of a picture.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from binpack.plots.moves_curve import moves_curve

    drawn = moves_curve(curve.table())
    # No date inside, so that the same curve gives the same bytes.
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    with _written(path) as draft:
        drawn.savefig(draft, dpi=120, format=path.suffix[1:], metadata=metadata)


def check_picture(path: Path) -> None:
    """Refuse a file that no picture can be written to, before the search begins.

    Raises
    ------
    OutputError
        Names the suffixes that there are.
    """
    if path.suffix not in PICTURES:
        raise OutputError(f"{path}: the suffix {path.suffix!r} is none of a picture (accepted: {', '.join(PICTURES)})")


def _document(curve: MovesCurve) -> dict[str, Any]:
    points = curve.points
    gaps = [relative_gap(point.moves, point.bound) for point in points]
    known = [gap for gap in gaps if gap is not None]
    return {
        "status": "optimal" if all(gap == 0 for gap in gaps) else "feasible",
        "objective": [point.moves for point in points],
        "bound": [point.bound for point in points],
        "gap": max(known) if len(known) == len(gaps) else None,
        "seconds": round(curve.seconds, 3),
        "method": None,
        "repeatable": curve.repeatable,
        "certificate": {"kind": "moves", "verified": all(point.bound is not None for point in points)},
        "baselines": [],
        "goal": "curve",
        "points": [_row(point) for point in points],
        "fewestNodesBound": curve.fewest_bound,
        "anchored": [{"node": node, "reason": reason} for node, reason in curve.anchored],
        "stays": [{"pod": stay.pod.key, "node": stay.node, "reason": stay.reason} for stay in curve.stays],
        "relaxed": list(curve.relaxed),
    }


def _row(point: CurvePoint) -> dict[str, Any]:
    return {
        "nodes": point.nodes,
        "freed": point.freed,
        "moves": point.moves,
        "bound": point.bound,
        "proven": point.moves is not None and point.moves == point.bound,
    }


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    try:
        with atomic(path) as draft:
            yield draft
    except OSError as error:
        raise OutputError(f"{path}: cannot be written, {(error.strerror or str(error)).lower()}") from None


def _words(curve: MovesCurve) -> str:
    last = curve.points[-1].nodes
    lines = []
    if curve.fewest_bound == last:
        lines += labelled("End", f"no placement is on fewer than {last} nodes (proven)")
    elif curve.fewest_bound is not None:
        lines += labelled("End", f"no placement on fewer than {last} nodes was found; {curve.fewest_bound} are needed (proven)")
    lines += labelled("Moves", "the fewest found; bound: no placement on so many nodes has fewer (each was checked)")
    lines += labelled("Fixed", f"{len(curve.anchored)} nodes cannot be freed, {len(curve.stays)} pods stay or are left out")
    for rule in curve.relaxed:
        lines += labelled("Relaxed", rule)
    if not curve.repeatable:
        lines += labelled("", "the time limit ended the search: another run may end elsewhere")
    return "\n".join(lines)
