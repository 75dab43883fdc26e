"""What the API server and the kubelets add to objects: uids, versions, times, statuses.

Makes manifests look like a dump, though leaner than a real one: of conditions, images and volumes only a few are there.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from binpack.model.base import to_manifest
from binpack.model.node import Node
from binpack.model.pod import Pod

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
DAY = timedelta(days=1)
MIB = 1 << 20


def written(moment: datetime) -> str:
    """Write a time as the API does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Clerk:
    """Hands out what is different for each object.

    Parameters
    ----------
    generator : numpy.random.Generator
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator
        self._version = 41_000

    def uid(self) -> str:
        """Draw a uid."""
        return str(uuid.UUID(bytes=self.generator.bytes(16), version=4))

    def suffix(self, length: int = 5) -> str:
        """Draw the random end of a generated name."""
        return "".join(SUFFIX_LETTERS[index] for index in self.generator.integers(0, len(SUFFIX_LETTERS), length))

    def before_now(self, least: timedelta, most: timedelta) -> datetime:
        """Draw a time so long before the dump, in whole seconds."""
        return NOW - timedelta(seconds=int(self.generator.integers(least.total_seconds(), most.total_seconds())))

    def manifest(self, value: Any, created: datetime, *, uid: str = "") -> dict[str, Any]:
        """Turn an object into its manifest, with uid, version and creation time."""
        self._version += int(self.generator.integers(1, 900))
        manifest = to_manifest(value)
        meta = dict(manifest["metadata"])
        meta |= {"uid": uid or self.uid(), "resourceVersion": str(self._version), "creationTimestamp": written(created)}
        return manifest | {"metadata": dict(sorted(meta.items()))}


def node_manifest(clerk: Clerk, node: Node, number: int, images: list[str]) -> dict[str, Any]:
    """Show a node as its kubelet reports it."""
    created = clerk.before_now(20 * DAY, 28 * DAY)
    beat, start = written(NOW - timedelta(seconds=int(clerk.generator.integers(5, 240)))), written(created + timedelta(seconds=20))
    manifest = clerk.manifest(node, created)
    manifest["spec"] = {"podCIDR": f"10.{100 + number}.0.0/24", "providerID": f"example://{node.name}"} | manifest.get("spec", {})
    manifest["status"] |= {
        "conditions": [
            {"type": "MemoryPressure", "status": "False", "lastHeartbeatTime": beat, "lastTransitionTime": start},
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": beat, "lastTransitionTime": start},
        ],
        "addresses": [{"type": "InternalIP", "address": _host_ip(number)}, {"type": "Hostname", "address": node.name}],
        "images": [{"names": [image], "sizeBytes": _image_size(image)} for image in images],
        "nodeInfo": {"kubeletVersion": "v1.35.4", "operatingSystem": "linux", "architecture": "amd64", "osImage": "Example Linux 12"},
    }
    return manifest


def pod_manifest(clerk: Clerk, pod: Pod, created: datetime, node_number: int | None, message: str = "") -> dict[str, Any]:
    """Show a pod: running on its node, finished there, or waiting, with the scheduler's message if it was tried already."""
    manifest = clerk.manifest(pod, created)
    manifest["spec"]["volumes"] = [{"name": f"kube-api-access-{clerk.suffix()}", "projected": {"defaultMode": 420}}]
    if node_number is None:
        tried = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": written(created),
        }
        manifest["status"] = {"phase": "Pending", "qosClass": _quality(pod)} | ({"conditions": [tried]} if message else {})
        return manifest
    started, finished = created + timedelta(seconds=3), pod.status.phase == "Succeeded"
    container = pod.spec.containers[0]
    over = {"exitCode": 0, "reason": "Completed", "startedAt": written(started), "finishedAt": written(started + timedelta(minutes=11))}
    kinds = ("PodScheduled", "Ready")
    manifest["status"] = {
        "phase": pod.status.phase,
        "qosClass": _quality(pod),
        "hostIP": _host_ip(node_number),
        "podIP": f"10.{100 + node_number}.0.{int(clerk.generator.integers(2, 255))}",
        "startTime": written(created),
        "conditions": [{"type": kind, "status": "False" if finished and kind == "Ready" else "True"} for kind in kinds],
        "containerStatuses": [
            {
                "name": container.name,
                "image": container.image,
                "ready": not finished,
                "restartCount": 0,
            }
            | ({"state": {"terminated": over}} if finished else {})
        ],
    }
    return manifest


def replica_status(replicas: int, ready: int) -> dict[str, Any]:
    """Return the counts that Deployments and ReplicaSets share; zeros are left out, as the API leaves them out."""
    counts = {"replicas": replicas, "readyReplicas": ready, "availableReplicas": ready}
    return {"observedGeneration": 1} | {field: count for field, count in counts.items() if count or field == "replicas"}


def deployment_status(replicas: int, ready: int, since: datetime) -> dict[str, Any]:
    """Return a Deployment's status."""
    available = {"type": "Available", "status": "True" if ready else "False", "lastTransitionTime": written(since)}
    status = replica_status(replicas, ready) | {"updatedReplicas": replicas, "conditions": [available]}
    return status | ({"unavailableReplicas": replicas - ready} if ready < replicas else {})


def _host_ip(number: int) -> str:
    return f"10.20.{number // 100}.{10 + number % 100}"


def _image_size(image: str) -> int:
    """Make up a size from the name: 20 to 400 MiB."""
    return (20 + sum(image.encode()) * 37 % 381) * MIB


def _quality(pod: Pod) -> str:
    return "Burstable" if pod.spec.containers[0].resources.requests else "BestEffort"
