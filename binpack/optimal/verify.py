"""Check a certificate in plain integers: no numpy, no solver, nothing shared with what built the problem or found the solution.

The placement must keep every constraint of the integer instance, and each bound must follow from its proof. Whether the instance is
what the cluster's objects say is another question, which `binpack.state.invariants` answers for the placement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verify_bounds import proven_bound
from binpack.optimal.verify_instance import CheckedInstance, digest_of, read_instance, whole
from binpack.optimal.verify_placement import broken_constraints, measured

SUPPORTED_VERSION = 1


@dataclass(frozen=True)
class CheckedLevel:
    """What the checker found about one level: its value, the bound that was stated and the one that follows from the proof."""

    name: str
    maximise: bool
    value: int | None
    stated: int | None
    proven: int | None
    infeasible: bool = False

    @property
    def optimal(self) -> bool:
        """Whether the proof meets the value."""
        return self.value is not None and self.value == self.proven


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    Attributes
    ----------
    problems : tuple[str, ...]
        What is wrong or weaker than stated; empty if all was verified.
    levels : tuple[CheckedLevel, ...]
    """

    problems: tuple[str, ...]
    levels: tuple[CheckedLevel, ...] = field(default=())

    @property
    def verified(self) -> bool:
        """Whether placement, values and all stated bounds hold."""
        return not self.problems

    @property
    def optimal(self) -> bool:
        """Whether the certificate proves its placement to be optimal."""
        return self.verified and bool(self.levels) and all(level.optimal for level in self.levels)


def verify(document: Any, *, step_limit: int = 500_000) -> Verdict:
    """Check a certificate.

    Parameters
    ----------
    document : Any
        The parsed JSON document.
    step_limit : int
        Work to spend on each node class of each proof; a proof that needs more counts as weaker.

    Returns
    -------
    Verdict

    Raises
    ------
    CertificateError
        If the document is none that this version can read.
    """
    _check_schema(document)
    instance = read_instance(document.get("instance"))
    problems: list[str] = []
    if document.get("digest") != digest_of(document["instance"]):
        problems.append("digest: it is not that of the instance")
    placement = _placement(document, instance)
    problems += broken_constraints(instance, placement)
    levels = []
    found = measured(instance, placement)
    stated = _levels(document, instance)
    if stated[0]["rank"] is None and stated[0].get("value") is not None and found[0] != instance.rank_demand:
        problems.append(f"placement: {sum(found[0])} pods of {sum(instance.rank_demand)}, though the cost alone is stated")
    if stated[0].get("value") is not None and any(instance.must_place) and found[0][0] < instance.rank_demand[0]:
        problems.append("placement: pods that must be placed are left out")
    for number, level in enumerate(stated):
        checked = _checked(instance, document, found, level, number, step_limit)
        problems += _complaints(checked, level, number)
        levels.append(checked)
    return Verdict(tuple(problems), tuple(levels))


def _check_schema(document: Any) -> None:
    if not isinstance(document, dict) or document.get("schema") != "binpack/certificate":
        raise CertificateError('schema: not a certificate (accepted: a JSON object with "schema": "binpack/certificate")')
    if document.get("version") != SUPPORTED_VERSION:
        raise CertificateError(f"version: {document.get('version')!r} is not known (accepted: {SUPPORTED_VERSION})")


def _checked(
    instance: CheckedInstance, document: Any, found: tuple[list[int], int], level: dict[str, Any], number: int, step_limit: int
) -> CheckedLevel:
    placed, cost = found
    rank = level["rank"]
    value = None if level.get("value") is None else (cost if rank is None else placed[rank])
    bound = level.get("bound")
    if bound is None:
        return CheckedLevel(str(level.get("name")), rank is not None, value, None, None)
    required = list(instance.rank_demand) if rank is None and number == 0 else placed[:number] + [0] * (len(placed) - number)
    proven, possible = proven_bound(instance, bound["proof"], required, rank, step_limit)
    stated = bound.get("value")
    return CheckedLevel(str(level.get("name")), rank is not None, value, stated, proven, not possible)


def _complaints(checked: CheckedLevel, level: dict[str, Any], number: int) -> list[str]:
    where = f"levels[{number}] ({checked.name})"
    complaints = []
    if level.get("value") != checked.value:
        complaints.append(f"{where}: states the value {level.get('value')!r}, the placement has {checked.value}")
    if level.get("bound") is None:
        return complaints
    stated, proven = checked.stated, checked.proven
    if stated is None:
        if not checked.infeasible:
            complaints.append(f"{where}: states that nothing is possible, the proof gives {proven}")
    elif not checked.infeasible and (proven is None or (proven > stated if checked.maximise else proven < stated)):
        complaints.append(f"{where}: states the bound {stated}, the proof gives {proven}")
    return complaints


def _placement(document: Any, instance: CheckedInstance) -> list[tuple[int, int, list[tuple[int, int]]]]:
    raw = document.get("placement")
    if not isinstance(raw, list):
        raise CertificateError("placement: missing (accepted: a list of [node class, nodes, [[pod class, pods], ...]])")
    result = []
    for number, item in enumerate(raw):
        if not (isinstance(item, list) and len(item) == 3 and isinstance(item[2], list)):
            raise CertificateError(f"placement[{number}]: {item!r} (accepted: [node class, nodes, [[pod class, pods], ...]])")
        pairs = [(pair[0], pair[1]) for pair in item[2] if isinstance(pair, list) and len(pair) == 2]
        numbers = [item[0], item[1], *(n for pair in pairs for n in pair)]
        if len(pairs) != len(item[2]) or not whole(numbers, 0):
            raise CertificateError(f"placement[{number}]: {item!r} (accepted: integers >= 0)")
        if item[0] >= len(instance.supply) or any(pair[0] >= len(instance.demand) for pair in pairs):
            raise CertificateError(f"placement[{number}]: names a class that the instance does not have")
        if len({pair[0] for pair in pairs}) != len(pairs):
            raise CertificateError(f"placement[{number}]: names a pod class twice")
        result.append((item[0], item[1], pairs))
    return result


def _levels(document: Any, instance: CheckedInstance) -> list[dict[str, Any]]:
    raw = document.get("levels")
    if not isinstance(raw, list) or not raw or not all(isinstance(level, dict) for level in raw):
        raise CertificateError("levels: missing (accepted: a list of objects with rank, value and bound)")
    ranks = len(instance.rank_demand)
    for number, level in enumerate(raw):
        if "rank" not in level:
            raise CertificateError(f"levels[{number}].rank: missing (accepted: the number of a rank, or null for the cost)")
        rank = level["rank"]
        last = number == len(raw) - 1
        if rank is not None and not (whole([rank], 0) and rank == number < ranks):
            raise CertificateError(f"levels[{number}].rank: {rank!r} (accepted: ranks in order, then null for the cost)")
        if rank is None and not (last and number in (0, ranks)):
            raise CertificateError(f"levels[{number}].rank: null (accepted at the end: after all ranks, or alone)")
        bound = level.get("bound")
        if bound is not None and not (isinstance(bound, dict) and isinstance(bound.get("proof"), dict)):
            raise CertificateError(f"levels[{number}].bound: accepted: null or an object with value and proof")
        for value in (level.get("value"), (bound or {}).get("value")):
            if value is not None and not whole([value], 0):
                raise CertificateError(f"levels[{number}]: {value!r} (accepted: an integer >= 0 or null)")
    return raw
