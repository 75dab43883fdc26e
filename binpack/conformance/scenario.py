"""A recorded scenario: a cluster, the pods to decide, and what kube-scheduler decided. The format is docs/reference/conformance.md."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binpack.errors import ManifestError
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.model.base import from_builtins
from binpack.model.defaulting import default_object
from binpack.model.node import CSINode, Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace, PodDisruptionBudget, Service
from binpack.model.storage import CSIDriver, CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass
from binpack.model.workloads import ReplicaSet
from binpack.state.cluster import Cluster

KINDS: dict[str, type[Any]] = {
    "namespaces": Namespace,
    "services": Service,
    "replicaSets": ReplicaSet,
    "persistentVolumes": PersistentVolume,
    "persistentVolumeClaims": PersistentVolumeClaim,
    "storageClasses": StorageClass,
    "csiNodes": CSINode,
    "csiDrivers": CSIDriver,
    "csiStorageCapacities": CSIStorageCapacity,
    "podDisruptionBudgets": PodDisruptionBudget,
}
"""The fields of a scenario that hold objects other than nodes and pods."""

_ACCEPTED = "(accepted: JSON lines, .jsonl or .jsonl.gz)"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One line of a recording.

    Parameters
    ----------
    name, family : str
    record : dict
        The line as it stands, for what only one family has.
    """

    name: str
    family: str
    record: dict[str, Any]

    @property
    def expected(self) -> dict[str, Any]:
        """What was recorded."""
        expected: dict[str, Any] = self.record.get("expected") or {}
        return expected

    @property
    def decisions(self) -> int:
        """How many decisions are recorded."""
        return sum(len(self.expected.get(key) or ()) for key in ("results", "attempts", "sequence"))

    def pods(self, field: str) -> list[Pod]:
        """Return the pods of a field, with the API server's defaults."""
        return [read_object(value, Pod) for value in self.record.get(field) or ()]

    def cluster(self) -> Cluster:
        """Build the cluster before the first decision: nodes in the order of the record."""
        cluster = Cluster()
        for field, kind in KINDS.items():
            for value in self.record.get(field) or ():
                cluster.put(read_object(value, kind))
        for value in self.record.get("nodes") or ():
            cluster.add_node(read_object(value, Node))
        for pod in self.pods("pods"):
            if not pod.is_terminal:
                cluster.add_pod(pod, pod.spec.node_name)
        return cluster

    def profiles(self, registry: Registry) -> dict[str, Profile]:
        """Build the profiles of the recorded configuration; kube-scheduler's default where there is none."""
        written = self.record.get("config")
        return build_profiles(registry, None if written is None else resolve_document(written, registry, source=self.name))


def read_object(value: dict[str, Any], kind: type[Any]) -> Any:
    """Read one object of a record and default it as the API server would."""
    return default_object(from_builtins(value, kind))


def read_scenarios(path: Path) -> Iterator[Scenario]:
    """Read a file of recorded decisions (JSON lines, gzipped or not), scenario by scenario.

    A line that cannot be read gives a scenario with an `unreadable` record: it counts as disagreement, never as skipped.

    Raises
    ------
    ManifestError
        If the file cannot be read at all.
    """
    family = path.name.partition(".")[0]
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            empty = True
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    empty = False
                    yield _read_line(line, family, f"{path.name}:{number}")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read as recorded decisions: {_why(error)} {_ACCEPTED}") from None
    if empty:
        raise ManifestError(f"{path}: holds no recorded decisions {_ACCEPTED}")


def _why(error: OSError | EOFError | UnicodeDecodeError) -> str:
    if isinstance(error, gzip.BadGzipFile):
        return "is not compressed with gzip"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)


def _read_line(line: str, family: str, place: str) -> Scenario:
    try:
        record = json.loads(line)
    except ValueError as error:
        return Scenario(place, family, {"unreadable": str(error)})
    if not isinstance(record, dict):
        return Scenario(place, family, {"unreadable": "not a JSON object"})
    return Scenario(str(record.get("name") or record.get("case") or place), str(record.get("family") or family), record)
