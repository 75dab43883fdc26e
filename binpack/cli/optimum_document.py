"""An optimum as plain data: first what any answer has, then what is known about a cluster or an instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from binpack.optimal.shortages import shortages

if TYPE_CHECKING:
    from binpack.optimal.answer import Answer
    from binpack.optimal.instances.optimize import InstanceOptimum
    from binpack.optimal.migration.plan import MigrationPlan
    from binpack.optimal.optimize import Compared, Measure, Optimum
    from binpack.optimal.solution import Solution


def cluster_document(result: Optimum, compared: Sequence[Compared]) -> dict[str, Any]:
    """Write the answer for a cluster."""
    solution = result.solution
    return {
        **head_of(result.answer, solution, [_compared(each) for each in compared]),
        "interrupted": solution.interrupted,
        "goal": solution.goal,
        "levels": _levels(solution, result.answer),
        "costUnit": result.problem.cost_unit,
        "resource": _resource(result),
        "today": _measure(result.today),
        "best": _measure(result.best),
        "reason": solution.reason or None,
        "moves": move_rows(result),
        "placement": result.placement,
        "stays": [{"pod": stay.pod.key, "node": stay.node, "reason": stay.reason} for stay in result.stays],
        "closedNodes": [{"node": node, "reason": reason} for node, reason in result.closed],
        "relaxed": list(result.relaxed),
        "rejected": list(result.rejected),
        "digest": solution.digest,
        "shortages": [each.document() for each in shortages(result.problem)] if solution.reason else [],
    }


def instance_document(result: InstanceOptimum) -> dict[str, Any]:
    """Write the answer for an instance file."""
    solution, instance = result.solution, result.instance
    return {
        **head_of(result.answer, solution, []),
        "interrupted": solution.interrupted,
        "goal": "bins",
        "levels": _levels(solution, result.answer),
        "instance": {
            "file": instance.path,
            "name": instance.name or None,
            "format": instance.format,
            "dimensions": len(instance.capacity),
            "capacity": list(instance.capacity),
            "items": instance.demand,
            "classes": result.problem.pod_classes,
            "multiplier": instance.multiplier,
            "bestKnown": instance.best_known,
        },
        "patterns": pattern_rows(result),
        "digest": solution.digest,
    }


def move_rows(result: Optimum) -> list[dict[str, Any]]:
    """Return the pods whose place changes."""
    return [{"pod": move.pod, "from": move.origin, "to": move.target} for move in result.moves]


def pattern_rows(result: InstanceOptimum) -> list[dict[str, Any]]:
    """Return the patterns: bins that hold the same, and what."""
    return [
        {"bins": bins, "items": [{"sizes": list(sizes), "count": count} for sizes, count in content]} for bins, content in result.patterns()
    ]


def head_of(answer: Answer, found: Solution | MigrationPlan, baselines: list[dict[str, Any]]) -> dict[str, Any]:
    """Write what every answer begins with."""
    return {
        "status": str(answer.status),
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "seconds": round(found.seconds, 3),
        "method": found.method or None,
        "repeatable": found.repeatable,
        "certificate": {"kind": answer.kind, "verified": answer.verified},
        "baselines": baselines,
    }


def _levels(solution: Solution, answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "name": level.name,
            "sense": "max" if level.maximise else "min",
            "value": level.value,
            "bound": level.proven,
            "optimal": level.closed,
            "gap": level.gap,
            "proof": None if level.bound is None else level.bound.proof.source,
            "claimed": level.claimed,
            "kind": None if level.bound is None else level.bound.proof.kind,
        }
        for level in answer.sound(solution.levels)
    ]


def _compared(compared: Compared) -> dict[str, Any]:
    return {"name": compared.name, "objective": compared.value, "gap": compared.gap, **_measure(compared.measure)}


def _resource(result: Optimum) -> dict[str, Any] | None:
    amounts = result.built.amounts
    if amounts is None:
        return None
    return {"name": amounts.resource, "unit": amounts.unit or None, "offered": amounts.offered}


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "nodes": measure.nodes,
        "cost": measure.cost,
        "allocated": measure.allocated,
        "placed": [{"name": name, "placed": placed, "pods": there} for name, placed, there in measure.placed],
    }
