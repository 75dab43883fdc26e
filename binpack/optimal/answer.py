"""An answer that was checked: the certificate goes through the independent checker before anything is called proven.

`optimal` is said only where the checker's own bound meets the value. A bound that it could not prove is replaced by what it could.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from binpack.optimal.progress import relative_gap
from binpack.optimal.solution import Level, Status
from binpack.optimal.solve import OF_SOME_PODS
from binpack.optimal.verdict import CheckedLevel, Verdict
from binpack.optimal.verify import verify

Value = int | tuple[int | None, ...] | None


@dataclass(frozen=True)
class Answer:
    """What can be said of a solution once its certificate was checked.

    Attributes
    ----------
    status : Status
        `INFEASIBLE` where the question asks for all pods and the checker agrees that not all can be placed; `UNKNOWN` where not all
        were placed and nothing proves that this is impossible.
    objective, bound : int, tuple of int or None
        A tuple where one objective counts after the other; None without a placement of what was asked for.
    gap : float or None
        As a fraction, of the first objective that is not proven optimal; 0 if all are.
    kind : str or None
        Of the proof: `count`, `sum`, `dff`, `dual`; `tiers` for a list of proofs; `claimed` where there is only a solver's word; None
        without any.
    verified : bool
        Whether the checker accepted placement, values and bounds.
    document : dict
        The certificate, with the bounds that were proven.
    """

    status: Status
    objective: Value
    bound: Value
    gap: float | None
    kind: str | None
    verified: bool
    document: dict[str, Any]

    def sound(self, levels: Sequence[Level]) -> tuple[Level, ...]:
        """The levels of the search, with the bounds that the checker proved."""
        result = []
        for level, checked in zip(levels, self.document["levels"], strict=True):
            bound = None if level.bound is None or checked["bound"] is None else replace(level.bound, value=checked["bound"]["value"])
            result.append(replace(level, bound=bound))
        return tuple(result)


def checked_answer(certificate: dict[str, Any]) -> Answer:
    """Check a certificate of one search and say what follows.

    Parameters
    ----------
    certificate : dict
        As `binpack.optimal.certificate.certificate` writes it.
    """
    document: dict[str, Any] = json.loads(json.dumps(certificate))
    verdict = verify(document)
    if not verdict.verified:
        document = _weakened(document, verdict)
        verdict = verify(document)
    levels = verdict.levels
    status = _status(document, verdict)
    document["status"] = str(status)
    document.setdefault("kind", next((level.kind for level in levels), None))
    if status in (Status.INFEASIBLE, Status.UNKNOWN):
        return Answer(status, None, None, None, document["kind"], verdict.verified, document)
    several = len(levels) > 1 or document["goal"] in OF_SOME_PODS
    return Answer(
        status=status,
        objective=tuple(level.value for level in levels) if several else levels[0].value,
        bound=tuple(level.proven for level in levels) if several else levels[0].proven,
        gap=next((relative_gap(level.value, level.proven) for level in levels if not level.optimal), 0.0),
        kind=document["kind"],
        verified=verdict.verified,
        document=document,
    )


def _status(document: dict[str, Any], verdict: Verdict) -> Status:
    missing = next((level for level in verdict.levels if level.value is None), None) or _missing(verdict.levels)
    if missing is not None and (document["goal"] not in OF_SOME_PODS or missing.value is None):
        impossible = missing.infeasible or (missing.proven is not None and missing.asked is not None and missing.proven < missing.asked)
        return Status.INFEASIBLE if impossible and verdict.verified else Status.UNKNOWN
    return Status.OPTIMAL if verdict.optimal else Status.FEASIBLE


def _missing(levels: tuple[CheckedLevel, ...]) -> CheckedLevel | None:
    """The first tier of which not all pods are placed."""
    for level in levels:
        if level.asked is not None and (level.value is None or level.value < level.asked):
            return level
    return None


def _weakened(document: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    """State only what the checker proves: a search of its own for a node's content may have needed more steps than it takes."""
    levels = []
    for raw, level in zip(document["levels"], verdict.levels, strict=True):
        bound = raw["bound"]
        if bound is not None and bound["value"] != level.proven:
            bound = None if level.proven is None and not level.infeasible else {**bound, "value": level.proven}
        levels.append({**raw, "bound": bound})
    kind = document["kind"]
    if len(levels) == 1 and levels[0]["bound"] is None:
        kind = None if levels[0]["claimed"] is None else "claimed"
    return {**document, "status": "feasible", "kind": kind, "levels": levels}
