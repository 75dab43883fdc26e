"""What somebody asked for when a recorded object was written: without what the API server and the control plane added to it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from binpack.sim.recording.history import Plain, part

_OWN_ANNOTATIONS = "binpack.dev/"
_NODE_TAINTS = "node.kubernetes.io/"
_JOB_LABELS = frozenset({"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"})
_WRITTEN_BY_MACHINES = re.compile(
    r"deployment\.kubernetes\.io/|kubectl\.kubernetes\.io/last-applied-configuration$|deprecated\.daemonset\."
)
_TIMES = re.compile(r"Timestamp$|Time$|^(startedAt|finishedAt|timeAdded)$")


def manifest(value: Plain) -> Plain:
    """Return an object as a user would apply it: no status (but a node's size), no identity, no owner, no finalizer."""
    meta = part(value, "metadata")
    kept: Plain = {key: one for key, one in value.items() if key not in ("metadata", "spec", "status")}
    annotations = {key: one for key, one in part(meta, "annotations").items() if not _WRITTEN_BY_MACHINES.match(key)}
    kept["metadata"] = {"labels": dict(part(meta, "labels")), "annotations": annotations}
    kept["metadata"] |= {name: meta[name] for name in ("name", "namespace") if meta.get(name)}
    if "spec" in value:
        kept["spec"] = dict(part(value, "spec"))
    match value.get("kind"):
        case "Node":
            _of_node(kept, part(value, "status"))
        case "Pod":
            kept["spec"].pop("nodeName", None)
            # The admission that computes it from the class refuses a given one that differs.
            if kept["spec"].get("priorityClassName"):
                kept["spec"].pop("priority", None)
        case "Job":
            _of_job(kept)
        case "CronJob":
            kept["spec"]["suspend"] = True
    return kept


def _of_node(kept: Plain, status: Plain) -> None:
    annotations = kept["metadata"]["annotations"]
    kept["metadata"]["annotations"] = {key: one for key, one in annotations.items() if key.startswith(_OWN_ANNOTATIONS)}
    spec = kept.setdefault("spec", {})
    taints = [one for one in spec.get("taints") or () if not str(one.get("key")).startswith(_NODE_TAINTS)]
    kept["spec"] = {"taints": taints, "unschedulable": bool(spec.get("unschedulable"))}
    kept["status"] = {name: dict(part(status, name)) for name in ("capacity", "allocatable")}


def _of_job(kept: Plain) -> None:
    """Take out what the API server made up: it refuses a selector that a user gives."""
    kept["metadata"]["labels"] = _without_job_labels(kept["metadata"]["labels"])
    if kept["spec"].get("manualSelector"):
        return
    kept["spec"].pop("selector", None)
    template = dict(part(kept, "spec", "template"))
    meta = dict(part(template, "metadata"))
    meta["labels"] = _without_job_labels(part(meta, "labels"))
    kept["spec"]["template"] = {**template, "metadata": meta}


def _without_job_labels(labels: Plain) -> Plain:
    return {key: one for key, one in labels.items() if key not in _JOB_LABELS}


def with_annotations(value: Plain, annotations: dict[str, str], *, of_template: bool = False) -> Plain:
    """Return an object with annotations, on itself or on its pod template; those that it has stay as they are."""
    if of_template:
        spec = part(value, "spec")
        return {**value, "spec": {**spec, "template": with_annotations(part(spec, "template"), annotations)}}
    meta = part(value, "metadata")
    return {**value, "metadata": {**meta, "annotations": {**annotations, **part(meta, "annotations")}}}


def as_it_was(value: Plain, shift_seconds: int, *, has_owner: bool, has_controllers: bool) -> Plain:
    """Return an object of the start: whole, with its times moved to those of the run.

    Owners that are not there go, and so do finalizers that no controller would take away.
    """
    removed = {"managedFields", "resourceVersion"}
    removed |= (set() if has_owner else {"ownerReferences"}) | (set() if has_owner and has_controllers else {"finalizers"})
    meta = {key: one for key, one in part(value, "metadata").items() if key not in removed}
    spec = part(value, "spec")
    if value.get("kind") == "CronJob":
        spec = {**spec, "suspend": True}
    kept = {**value, "metadata": _moved(meta, shift_seconds)}
    if spec:
        kept["spec"] = _moved(spec, shift_seconds) if value.get("kind") == "Node" else spec
    if value.get("status") is not None:
        kept["status"] = _moved(value["status"], shift_seconds)
    return kept


def _moved(value: Any, seconds: int) -> Any:
    if isinstance(value, dict):
        return {
            key: _moved_time(one, seconds) if isinstance(one, str) and _TIMES.search(key) else _moved(one, seconds)
            for key, one in value.items()
        }
    return [_moved(one, seconds) for one in value] if isinstance(value, list) else value


def _moved_time(text: str, seconds: int) -> str:
    try:
        return (datetime.fromisoformat(text) + timedelta(seconds=seconds)).isoformat()
    except (ValueError, OverflowError):
        return text
