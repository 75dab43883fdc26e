"""The functions that cover most work; `import binpack` offers them by name.

Each joins several rooms: objects become a cluster, a configuration becomes profiles, and the answer is an object that prints itself
and has a table.
"""

from __future__ import annotations

from binpack.api.reading import load, read_configuration, registry
from binpack.api.scheduling import explain, schedule, tie_rule
from binpack.api.simulating import simulate
from binpack.api.solving import optimize

__all__ = ["explain", "load", "optimize", "read_configuration", "registry", "schedule", "simulate", "tie_rule"]
