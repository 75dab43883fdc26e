"""StatefulSet: pods with stable names and claims.

`identity.py` names things, `walking.py` has the order, `controller.py` the sync. Source: pkg/controller/statefulset, v1.35. Not there: the
owners of claims that persistentVolumeClaimRetentionPolicy asks for.
"""

from binpack.control.controllers.statefulset.controller import StatefulSetController

__all__ = ["StatefulSetController"]
