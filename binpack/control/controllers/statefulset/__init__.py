"""StatefulSet: pods with stable names and claims.

`identity.py` names things, `walking.py` has the order, `retention.py` the owners of claims, `controller.py` the sync.
Source: pkg/controller/statefulset, v1.35.
"""

from binpack.control.controllers.statefulset.controller import StatefulSetController

__all__ = ["StatefulSetController"]
