"""Facts about the machine: beside the results, never in them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any


def machine_facts() -> dict[str, Any]:
    """Return cores, system and the versions of what computes."""
    packages = {name: version(name) for name in ("numpy", "ortools", "highspy")}
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version(), "versions": packages}
