"""`binpack optimize --objective moves`: a plan to fewer nodes, in waves, with the proof that no plan needs fewer moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from binpack.cli.optimum_document import head_of
from binpack.cli.output import Column
from binpack.optimal.progress import relative_gap

if TYPE_CHECKING:
    from binpack.optimal.answer import Answer
    from binpack.optimal.migration.plan import MigrationPlan

STEP_COLUMNS = (
    Column("wave"),
    Column("step", wide=True),
    Column("pod"),
    Column("from"),
    Column("to"),
    Column("reason", wide=True),
)


def plan_document(plan: MigrationPlan, answer: Answer) -> dict[str, Any]:
    """Write a plan as plain data: first what any answer has, then the plan."""
    own = plan.document()
    # That so few nodes do not do may be known from the fewest nodes, of which this certificate does not speak.
    status = plan.status if answer.objective is None else answer.status
    head = {**head_of(answer, plan, []), "status": str(status), "goal": "moves"}
    missing = [each.document() for each in plan.shortages] if status == "infeasible" else []
    return {**head, **{key: value for key, value in own.items() if key not in head}, "shortages": missing}


def plan_text(plan: MigrationPlan, answer: Answer) -> str:
    """Write a plan in words; its steps are a table of their own."""
    text = plan.summary()
    if answer.kind is not None and answer.verified:
        text += "\n  the certificate was checked"
    gap = relative_gap(plan.moves, plan.bound)
    return text + (f" (gap {100 * gap:.3g} %)" if gap else "")
