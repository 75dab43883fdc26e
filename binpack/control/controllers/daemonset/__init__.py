"""DaemonSet: one pod on every node.

`nodes.py` says where, `managing.py` which pods come and go, `controller.py` has the sync. Source: pkg/controller/daemon, v1.35.
"""

from binpack.control.controllers.daemonset.controller import DaemonSetController

__all__ = ["DaemonSetController"]
