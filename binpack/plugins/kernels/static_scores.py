"""TaintToleration, NodeAffinity and ImageLocality: what a static code is worth, normalised over the codes that feasible rows have."""

from __future__ import annotations

from typing import Any


def static_worth(table: Any, codes: int, present: int, weights: Any, worth: Any) -> None:
    """Write the weighted score of each code into `worth`; `present` is a mask of codes, `weights` one a plugin."""
    most, highest = 0, 0
    for code in range(codes):
        if (present >> code) & 1:
            most = max(most, table[code, 0])
            highest = max(highest, table[code, 1])
    for code in range(codes):
        taints, affinity = table[code, 0], table[code, 1]
        value = weights[2] * table[code, 2]
        if most > 0:
            # All the same is left out: reversed, it is 100 everywhere.
            value -= weights[0] * (100 * taints // most)
        value += weights[1] * (affinity if highest == 0 else 100 * affinity // highest)
        worth[code] = value
