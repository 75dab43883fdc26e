"""InterPodAffinity: the normalised score of a raw one, in the order of operations of the plugin."""

from __future__ import annotations


def normalized_affinity(raw: int, lowest: int, highest: int) -> int:
    """Stretch a score between the lowest and the highest; 0 when all are equal."""
    if highest == lowest:
        return 0
    return int(100.0 * ((raw - lowest) / (highest - lowest)))
