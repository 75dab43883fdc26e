"""The rules of the control plane as cases ask for them: by family and function, from a case's inputs to a plain answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from binpack.conformance.cases import admission, cronjob, deployment, disruption, job, kubelet, node_lifecycle, replicaset, sets

Given = Mapping[str, Any]
Rule = Callable[[Given], dict[str, Any]]

RULES: dict[str, Mapping[str, Rule]] = {
    "admission": admission.RULES,
    "cronjob": cronjob.RULES,
    "daemonset": sets.DAEMON_SET_RULES,
    "deployment": deployment.RULES,
    "disruption": disruption.RULES,
    "eviction": disruption.EVICTION_RULES,
    "job": job.RULES,
    "kubelet": kubelet.RULES,
    "nodelifecycle": node_lifecycle.RULES,
    "replicaset": replicaset.RULES,
    "statefulset": sets.STATEFUL_SET_RULES,
}
"""By family (the name of a file of cases) and function."""
