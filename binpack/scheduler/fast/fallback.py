"""What cannot be decided from the cache goes the plain way."""

from __future__ import annotations


class NotCachedError(Exception):
    """Raised inside the cache alone, never seen by its caller: this pod takes the plain path."""
