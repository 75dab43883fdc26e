"""How good is the placement a Kubernetes scheduler makes, compared with the best placement there is?

The names here cover most work; everything else is one module deep.

Examples
--------
>>> import binpack as bp
>>> from binpack.testing import node, pod
>>> cluster = [node("n1").build(), pod("web").request(cpu="1").build()]
>>> print(bp.schedule(cluster))
1 waiting pod: 1 placed on 1 of 1 nodes.
Ties: first. percentageOfNodesToScore: 100.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from binpack.version import KUBERNETES_VERSION, __version__

if TYPE_CHECKING:
    from binpack.api import explain, load, optimize, read_configuration, schedule, simulate
    from binpack.errors import BinpackError
    from binpack.model.anonymize import anonymize
    from binpack.optimal.verify import verify
    from binpack.scheduler.snapshot import build_cluster

__all__ = [
    "KUBERNETES_VERSION",
    "BinpackError",
    "__version__",
    "anonymize",
    "build_cluster",
    "explain",
    "load",
    "optimize",
    "read_configuration",
    "schedule",
    "simulate",
    "verify",
]

_HOMES = {
    "BinpackError": "binpack.errors",
    "anonymize": "binpack.model.anonymize",
    "build_cluster": "binpack.scheduler.snapshot",
    "explain": "binpack.api",
    "load": "binpack.api",
    "optimize": "binpack.api",
    "read_configuration": "binpack.api",
    "schedule": "binpack.api",
    "simulate": "binpack.api",
    "verify": "binpack.optimal.verify",
}
"""Where each name lives: it is imported when it is first asked for, so that `import binpack` costs nothing."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
