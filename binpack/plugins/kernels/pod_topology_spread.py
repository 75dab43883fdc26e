"""PodTopologySpread: the hard verdict on a domain, and the normalised soft score of a raw one."""

from __future__ import annotations

from typing import Any


def lowest_count(counts: Any, present: Any, min_domains: int) -> int:
    """Return the fewest matching pods of any domain; 0 where there are fewer domains than wanted."""
    lowest, domains = 0, 0
    for domain in range(len(counts)):
        if present[domain]:
            if domains == 0 or counts[domain] < lowest:
                lowest = counts[domain]
            domains += 1
    return lowest if domains >= min_domains else 0


def normalized_spread(raw: int, lowest: int, highest: int) -> int:
    """Turn a raw score round: fewer pods, higher score."""
    if highest == 0:
        return 100
    return int(100.0 * (highest + lowest - raw) / highest)
