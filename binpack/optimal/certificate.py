"""Certificates: one JSON document with the instance, the placement and the proofs, for `verify` or for anybody else to check.

Version 1. All numbers are integers. `instance` is what the digest covers; `placement` lists [node class, nodes, [[pod class, pods], ...]];
each level has its value, and a bound with its proof, or null, or what a solver merely claims.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from binpack.optimal.problem import PackingProblem
from binpack.optimal.proof import Bound, Proof
from binpack.optimal.solution import Level, Solution
from binpack.optimal.weighing import Requirement, with_slack
from binpack.optimal.zone_rows import credit_of

SCHEMA = "binpack/certificate"
VERSION = 1


def certificate(problem: PackingProblem, solution: Solution) -> dict[str, Any]:
    """Write a solution as a document that can be checked without the solver.

    Parameters
    ----------
    problem : PackingProblem
        The very instance that was solved.
    solution : Solution

    Returns
    -------
    dict
        Only dictionaries, lists, strings, integers, booleans and None: `json.dumps` writes the same bytes for the same search.
    """
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "goal": solution.goal,
        "kind": _kind(solution),
        "status": str(solution.status),
        "digest": problem.digest(),
        "instance": problem.canonical(),
        "names": names_of(problem),
        "relaxed": list(problem.relaxed),
        "placement": [[fill.node_class, fill.nodes, [list(pair) for pair in fill.pods]] for fill in solution.fills],
        "levels": [_level(problem, solution, number) for number in range(len(solution.levels))],
        "method": solution.method,
        "repeatable": solution.repeatable,
    }


def names_of(problem: PackingProblem) -> dict[str, Any]:
    """Return what the numbers of an instance stand for."""
    return {
        "resources": list(problem.resources),
        "units": list(problem.unit),
        "costUnit": problem.cost_unit,
        "podClasses": list(problem.class_names),
        "nodeClasses": list(problem.node_class_names),
    }


def _kind(solution: Solution) -> str | None:
    """What proves it: the kind of the one proof, `tiers` for a list of them, `claimed` where there is only a solver's word."""
    if len(solution.levels) > 1:
        return "tiers"
    level = solution.levels[0]
    if level.bound is not None:
        return level.bound.proof.kind
    return None if level.claimed is None else "claimed"


def _level(problem: PackingProblem, solution: Solution, number: int) -> dict[str, Any]:
    level = solution.levels[number]
    rank = number if level.maximise else None
    bound = None
    if level.bound is not None:
        proof = _loosened(problem, level.bound, _required(problem, solution, number), rank)
        bound = {"value": level.bound.value, "proof": proof.document()}
    return {"name": level.name, "rank": rank, "value": level.value, "bound": bound, "claimed": _claim(level)}


def _claim(level: Level) -> dict[str, Any] | None:
    return None if level.claimed is None else {"solver": "CP-SAT", "value": level.claimed}


def _required(problem: PackingProblem, solution: Solution, number: int) -> Requirement:
    """What a level takes for granted: the values of the levels before it, or all pods where there are none."""
    ranks = len(problem.rank_demand)
    if not solution.levels[number].maximise and number == 0:
        return problem.rank_demand
    before = tuple(level.value or 0 for level in solution.levels[:number])
    return (*before, *([0] * (ranks - len(before))))


def _loosened(problem: PackingProblem, bound: Bound, required: Requirement, rank: int | None) -> Proof:
    """Raise the node weights as far as the bound allows: the slack makes them easier to prove, often without any search."""
    proof = bound.proof
    if proof.kind != "dual":
        return proof
    credit = credit_of(problem, proof.rows, required, rank)
    return replace(proof, node_weights=tuple(with_slack(problem, proof.weights, proof.node_weights, required, rank, credit)))
