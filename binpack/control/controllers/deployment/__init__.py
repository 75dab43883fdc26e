"""Deployment: rolls its pods from one template to the next through ReplicaSets.

`controller.py` has the sync; the rules it follows stand apart by topic. Source: pkg/controller/deployment, v1.35.
"""

from binpack.control.controllers.deployment.controller import DeploymentController

__all__ = ["DeploymentController"]
