"""Node lifecycle: sees that a node no longer reports, says so in its conditions, and taints it.

`controller.py` has the passes; health, taints and zones stand apart. Source: pkg/controller/nodelifecycle, v1.35. Not there: marking
pods that are bound to a node after it was found not to be Ready.
"""

from binpack.control.controllers.node_lifecycle.controller import NodeLifecycleController

__all__ = ["NodeLifecycleController"]
