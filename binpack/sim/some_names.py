"""How messages list what is accepted where that may be many names."""

from __future__ import annotations

from collections.abc import Collection


def some(names: Collection[str]) -> str:
    """Write the first five of some names, in order, and how many more there are."""
    listed = sorted(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")
