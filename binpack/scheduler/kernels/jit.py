"""How kernels are compiled: numpy's errors (a division that checks for 0 is not vectorised), no fast mathematics, no reference counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.options import DefaultOptions


def _options() -> dict[str, Any]:
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    # Private, and worth a factor of two: kernels allocate nothing, so that nothing need be counted.
    return options | {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else options


OPTIONS = _options()


def leaf(function: Callable[..., Any]) -> Any:
    """Make a function callable from kernels. It is compiled with its caller, and not kept by itself.

    Its text is put into the caller's: describing a dozen arrays to it takes longer than the work on 64 rows.
    """
    return njit(forceinline=True, **OPTIONS)(function)


def entry(function: Callable[..., Any]) -> Any:
    """Compile what Python calls, and keep it on disk."""
    return njit(cache=True, **OPTIONS)(function)
