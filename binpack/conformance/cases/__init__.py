"""The rules of the control plane as cases ask for them: by family and function, from a case's inputs to a plain answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from binpack.conformance.cases import admission, deployment, job, kubelet, node_lifecycle, replicaset

Given = Mapping[str, Any]
Rule = Callable[[Given], dict[str, Any]]

RULES: dict[str, Mapping[str, Rule]] = {
    "admission": admission.RULES,
    "deployment": deployment.RULES,
    "job": job.RULES,
    "kubelet": kubelet.RULES,
    "nodelifecycle": node_lifecycle.RULES,
    "replicaset": replicaset.RULES,
}
"""By family (the name of a file of cases) and function."""
