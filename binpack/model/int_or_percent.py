"""Numbers that may be percentages of a total: `25%` of the pods that are wanted.

Source: apimachinery pkg/util/intstr/intstr.go (GetScaledValueFromIntOrPercent), v1.35.
"""

from __future__ import annotations

import re
from typing import Literal

IntOrPercent = int | str | None
_PERCENTAGE = re.compile(r"[0-9]+%")


def scaled(value: IntOrPercent, total: int, rounding: Literal["up", "down"]) -> int:
    """Resolve a number or a percentage (`"25%"`) of a total.

    Raises
    ------
    ValueError
        If a string is no percentage.

    Examples
    --------
    >>> scaled("25%", 10, "up"), scaled("25%", 10, "down"), scaled(4, 10, "up"), scaled(None, 10, "up")
    (3, 2, 4, 0)
    """
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if _PERCENTAGE.fullmatch(value) is None:
        raise ValueError(f'"{value}" is not a percentage (accepted: a whole number, or one with a percent sign, like "25%")')
    percent = int(value.removesuffix("%"))
    return -(-percent * total // 100) if rounding == "up" else percent * total // 100
