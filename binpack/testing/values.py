"""What the builders take where a manifest has a structure: amounts, selectors, moments, expressions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from binpack.model.meta import LabelSelector, LabelSelectorRequirement
from binpack.model.quantity import Quantity

Amount = str | int | float | Quantity
Selector = Mapping[str, str] | LabelSelector
Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]

NO_SCHEDULE: Effect = "NoSchedule"
PREFER_NO_SCHEDULE: Effect = "PreferNoSchedule"
NO_EXECUTE: Effect = "NoExecute"

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
DURATION_ANNOTATION = "binpack.dev/duration"

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def quantity(amount: Amount) -> Quantity:
    """Read an amount as a manifest would write it: `"500m"`, `"1Gi"`, `2`."""
    return amount if isinstance(amount, Quantity) else Quantity.parse(amount)


def quantities_of(first: Mapping[str, Amount] | None, **named: Amount | None) -> dict[str, Quantity]:
    """Merge amounts by resource name; a keyword's underscores stand for dashes (`ephemeral_storage`), None for absent."""
    amounts = {name: quantity(amount) for name, amount in (first or {}).items()}
    amounts.update((name.replace("_", "-"), quantity(amount)) for name, amount in named.items() if amount is not None)
    return amounts


def moment(at: datetime | float | None) -> datetime | None:
    """Return a moment: given as such, or in seconds since 2026-01-01T00:00:00Z."""
    return EPOCH + timedelta(seconds=at) if isinstance(at, int | float) else at


def expression(key: str, operator: str, *values: str) -> LabelSelectorRequirement:
    """One requirement of a label selector or of a node selector term: `expression("zone", "In", "a", "b")`."""
    return LabelSelectorRequirement(key=key, operator=operator, values=values)


def selector(labels: Selector | None = None, *expressions: LabelSelectorRequirement) -> LabelSelector:
    """Build a label selector from labels to match and expressions; without either it matches everything.

    Examples
    --------
    >>> selector({"app": "web"}, expression("tier", "Exists")).match_expressions[0].operator
    'Exists'
    """
    if isinstance(labels, LabelSelector):
        return LabelSelector(labels.match_labels, (*labels.match_expressions, *expressions))
    return LabelSelector(dict(labels or {}), expressions)
