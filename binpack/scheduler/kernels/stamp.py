"""A stamp of all kernel sources: part of the key under which numba keeps compiled code on disk.

numba looks at the file of the outermost function alone. Without the stamp an edit of any other would leave old code in use, and give
wrong answers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import binpack.plugins.kernels as plugin_kernels

_HERE = Path(__file__).parent
_PLUGINS = Path(plugin_kernels.__file__).parent


def kernel_sources() -> list[Path]:
    """Return every file that compiled code is made from, sorted."""
    return sorted((*_HERE.glob("*.py"), *_PLUGINS.glob("*.py")))


def stamp_of(sources: Iterable[Path]) -> int:
    """Return a number that differs whenever a source does."""
    stamp = 0
    for source in sources:
        stamp = zlib.crc32(source.read_bytes(), zlib.crc32(source.name.encode(), stamp))
    return stamp
