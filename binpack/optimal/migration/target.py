"""How many nodes a plan is to end with: a number, the fewest there can be, or so many more."""

from __future__ import annotations

import re
from dataclasses import dataclass

from binpack.errors import ConfigurationError

_PATTERN = re.compile(r"min(?:\s*\+\s*(\d+))?|(\d+)")


@dataclass(frozen=True)
class TargetNodes:
    """`number` nodes in all, or `number` more than the fewest that are known to do."""

    number: int
    above_fewest: bool

    def __str__(self) -> str:
        if not self.above_fewest:
            return str(self.number)
        return f"min+{self.number}" if self.number else "min"


def read_target(text: str | int) -> TargetNodes:
    """Read what a user asks for.

    Raises
    ------
    ConfigurationError
        If it is neither a number of nodes nor `min` or `min+N`.

    Examples
    --------
    >>> str(read_target("min+1")), str(read_target(12)), read_target("min").above_fewest
    ('min+1', '12', True)
    """
    match = _PATTERN.fullmatch(str(text).strip())
    if match is None:
        raise ConfigurationError(f"target nodes: {text!r} is neither a number nor a distance from the fewest (accepted: 12, min, min+1)")
    extra, number = match.groups()
    return TargetNodes(int(number), above_fewest=False) if number is not None else TargetNodes(int(extra or 0), above_fewest=True)
