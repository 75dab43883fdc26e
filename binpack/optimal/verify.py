"""Check a certificate in plain integers: no numpy, no solver, nothing shared with what built the problem or found the solution.

The placement must keep every constraint of the integer instance, and each bound must follow from its proof. Whether the instance is
what the cluster's objects say is another question, which `binpack.state.invariants` answers for the placement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verdict import CheckedLevel, Verdict
from binpack.optimal.verify_bounds import proven_bound
from binpack.optimal.verify_device_placement import verify_device_placement
from binpack.optimal.verify_devices import verify_device_bound
from binpack.optimal.verify_evictions import verify_evictions
from binpack.optimal.verify_instance import CheckedInstance, digest_of, read_instance, whole
from binpack.optimal.verify_moves import verify_moves
from binpack.optimal.verify_placement import broken_constraints, measured

SUPPORTED_VERSION = 1
_OF_DEVICES = ("binpack/device-bound", "binpack/device-placement")


def verify(document: Any, *, step_limit: int = 500_000) -> Verdict:
    """Check a certificate.

    Parameters
    ----------
    document : Any
        The parsed JSON document.
    step_limit : int
        Work to spend on each proof; one that needs more counts as weaker.

    Returns
    -------
    Verdict

    Raises
    ------
    CertificateError
        If the document is none that this version can read.
    """
    if isinstance(document, dict) and document.get("schema") in _OF_DEVICES:
        return _of_devices(document)
    if isinstance(document, dict) and document.get("schema") == "binpack/evictions":
        return verify_evictions(document, step_limit=step_limit)
    _check_schema(document)
    if document.get("goal") == "moves":
        return _of_moves(document, step_limit)
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
        checked = _checked(instance, found, level, number, step_limit)
        problems += _complaints(checked, level, number)
        levels.append(checked)
    problems += _false_titles(document, levels)
    return Verdict(tuple(problems), tuple(levels))


def _of_moves(document: dict[str, Any], step_limit: int) -> Verdict:
    problems, moves, proven, possible = verify_moves(document, step_limit=step_limit)
    bound = document["levels"][0].get("bound")
    stated, kind = (None, None) if bound is None else (bound.get("value"), "moves")
    if document.get("kind", "moves") != "moves":
        problems.append(f"kind: says {document['kind']!r}, it is a plan of moves")
    return Verdict(tuple(problems), (CheckedLevel("moves", None, None, moves, stated, proven, not possible, kind),))


def _of_devices(document: dict[str, Any]) -> Verdict:
    """Documents about allotted GPU have checkers of their own, which refuse what is false."""
    value = stated = proven = None
    try:
        if document["schema"] == "binpack/device-bound":
            bound = verify_device_bound(document)
            stated, proven = bound.stated_milli, bound.proven_milli
        else:
            value = verify_device_placement(document)
    except CertificateError as error:
        return Verdict((str(error),))
    wrong = () if stated is None or bound.holds else (f"bound: states {stated} milli, the prices prove {proven}",)
    kind = None if stated is None else "dual"
    return Verdict(wrong, (CheckedLevel("allotted GPU, milli", 0, None, value, stated, proven, kind=kind),))


def _check_schema(document: Any) -> None:
    if not isinstance(document, dict) or document.get("schema") != "binpack/certificate":
        raise CertificateError('schema: not a certificate (accepted: a JSON object with "schema": "binpack/certificate")')
    if document.get("version") != SUPPORTED_VERSION:
        raise CertificateError(f"version: {document.get('version')!r} is not known (accepted: {SUPPORTED_VERSION})")


def _checked(instance: CheckedInstance, found: tuple[list[int], int], level: dict[str, Any], number: int, step_limit: int) -> CheckedLevel:
    placed, cost = found
    rank = level["rank"]
    value = None if level.get("value") is None else (cost if rank is None else placed[rank])
    claim, bound = level.get("claimed"), level.get("bound")
    checked = CheckedLevel(
        name=str(level.get("name")),
        rank=rank,
        asked=None if rank is None else instance.rank_demand[rank],
        value=value,
        stated=None,
        proven=None,
        claimed=None if claim is None else claim["value"],
    )
    if bound is None:
        return checked
    required = list(instance.rank_demand) if rank is None and number == 0 else placed[:number] + [0] * (len(placed) - number)
    proven, possible = proven_bound(instance, bound["proof"], required, rank, step_limit)
    return replace(checked, stated=bound.get("value"), proven=proven, infeasible=not possible, kind=str(bound["proof"].get("kind")))


def _false_titles(document: Any, levels: list[CheckedLevel]) -> list[str]:
    """Say where the head of the certificate promises more than its levels have."""
    problems = []
    if document.get("status") == "optimal" and not all(level.optimal for level in levels):
        problems.append("status: says optimal, though no proof meets every value")
    first = levels[0]
    kind = "tiers" if len(levels) > 1 else first.kind or (None if first.claimed is None else "claimed")
    if document.get("kind") != kind:
        problems.append(f"kind: says {document.get('kind')!r}, the levels have {kind!r}")
    return problems


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
        claim = level.get("claimed")
        if claim is not None and not isinstance(claim, dict):
            raise CertificateError(f"levels[{number}].claimed: {claim!r} (accepted: null or an object with solver and value)")
        for value in (level.get("value"), (bound or {}).get("value"), (claim or {}).get("value")):
            if value is not None and not whole([value], 0):
                raise CertificateError(f"levels[{number}]: {value!r} (accepted: an integer >= 0 or null)")
    return raw
