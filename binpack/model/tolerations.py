"""Which taints a pod tolerates.

Source: api core/v1/toleration.go (ToleratesTaint) and component-helpers scheduling/corev1/helpers.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable

from binpack.model.node import Taint
from binpack.model.pod import Toleration

NO_SCHEDULE = "NoSchedule"
PREFER_NO_SCHEDULE = "PreferNoSchedule"
NO_EXECUTE = "NoExecute"


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Tell whether one toleration covers one taint.

    An empty effect or key stands for any. An empty key with `Equal` and an empty value thus tolerates every taint without a value.
    """
    if toleration.effect not in ("", taint.effect) or toleration.key not in ("", taint.key):
        return False
    match toleration.operator:
        case "" | "Equal":
            return toleration.value == taint.value
        case "Exists":
            return True
        case _:
            # Lt and Gt belong to a feature gate that is off.
            return False


def untolerated(taints: Iterable[Taint], tolerations: Iterable[Toleration], *effects: str) -> list[Taint]:
    """Return the taints of the given effects that no toleration covers, in their order."""
    accepted = tuple(tolerations)
    return [taint for taint in taints if taint.effect in effects and not any(tolerates(t, taint) for t in accepted)]
