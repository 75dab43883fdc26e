"""What a user gives a command: a dump or manifests of a cluster, further manifests, and a scheduler's configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from binpack.errors import ManifestError
from binpack.model.admission import admit_pod
from binpack.model.load import load
from binpack.model.node import Node
from binpack.model.objects import Objects, combine
from binpack.model.pod import Pod
from binpack.state.catalog import Catalog

if TYPE_CHECKING:
    from binpack.framework.resolution import ResolvedConfiguration

STANDARD_INPUT = Path("-")


def read_cluster(cluster: Sequence[Path], pods: Sequence[Path] = ()) -> Objects:
    """Read a cluster and further manifests; new pods go through admission.

    Parameters
    ----------
    cluster : sequence of Path
        Dumps are taken as they are. The pods of manifests (unbound, without a uid) in a directory are new.
    pods : sequence of Path
        Manifests, validated as the API server would; all their pods are new.

    Raises
    ------
    ManifestError
        If something cannot be read, is given twice or refused, or if there is no node.
    """
    if [*cluster, *pods].count(STANDARD_INPUT) > 1:
        raise ManifestError("-: standard input can be read only once (accepted: - for one of --cluster and --pods)")
    known = load(cluster, checks="dump")
    if not known.of(Node):
        places = ", ".join(map(str, cluster))
        raise ManifestError(
            f"{places}: no nodes among {len(known)} objects (accepted: a dump with nodes, as `kubectl get nodes,pods -A -o json`)"
        )
    added = load(pods, checks="manifest") if pods else Objects()
    directories = tuple(path for path in cluster if path.is_dir())
    return _admitted(combine(known, added), new_from=len(known), directories=directories)


def read_scheduler(config: Path | None) -> ResolvedConfiguration | None:
    """Read the scheduler's configuration, if one is given."""
    from binpack.api import read_configuration

    return None if config is None else read_configuration(config)


def _admitted(objects: Objects, *, new_from: int, directories: Iterable[Path]) -> Objects:
    """Send new pods through admission; errors name the file."""
    catalog = Catalog()
    for value in objects:
        if value.kind in ("PriorityClass", "RuntimeClass"):
            catalog.put(value)
    ready = []
    for index, value in enumerate(objects.objects):
        if isinstance(value, Pod) and (index >= new_from or _is_manifest(value, Path(objects.sources[index].file), directories)):
            try:
                value = admit_pod(value, catalog)
            except ManifestError as error:
                raise ManifestError(f"{objects.place(index)}: {error}") from None
        ready.append(value)
    return objects.with_objects(ready)


def _is_manifest(pod: Pod, file: Path, directories: Iterable[Path]) -> bool:
    """Tell a pod that somebody wrote from one that an API server has seen."""
    written = not pod.metadata.uid and pod.metadata.creation_timestamp is None and not pod.spec.node_name
    return written and any(file.is_relative_to(directory) for directory in directories)
