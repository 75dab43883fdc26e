"""Objects that somebody wrote, among those that come from a cluster: validated, admitted, and turned into pods by their controllers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from binpack.errors import ManifestError
from binpack.model.admission import admit_pod
from binpack.model.base import replace
from binpack.model.kinds import KubernetesObject
from binpack.model.load import check, load
from binpack.model.objects import Objects, Source, combine, identity
from binpack.model.pod import Pod
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet
from binpack.state.catalog import Catalog

_EXPANDED = (Deployment, ReplicaSet, Job, StatefulSet, DaemonSet)
_WHY_NOT_EXPANDED = {
    ReplicationController: "no pods are made of it, its controller is not there (accepted: a Deployment or a ReplicaSet)",
    CronJob: "no pods are made of it before its time comes (binpack simulate runs it)",
}

Paths = str | Path | Iterable[str | Path]

_MADE = Source("made by a controller", None)


class Completed(NamedTuple):
    """What written objects became.

    Parameters
    ----------
    objects : Objects
        With the pods that controllers made of them.
    warnings : tuple[str, ...]
        What was not made.
    """

    objects: Objects
    warnings: tuple[str, ...]


def read_objects(cluster: Paths, manifests: Paths = ()) -> Completed:
    """Read a cluster, and manifests to add to it.

    Parameters
    ----------
    cluster : path or several
        Dumps are taken as they are; documents of manifests are taken as new where no API server has seen them.
    manifests : path or several
        Validated as the API server would; all of it is new.

    Raises
    ------
    ManifestError
        If something cannot be read, is given twice, or would be refused.
    """
    known = load(cluster, checks="dump")
    added = load(manifests, checks="manifest") if manifests else Objects()
    return completed(combine(known, added), new_from=len(known))


def completed(objects: Objects, *, new_from: int) -> Completed:
    """Do to written objects what an API server and the controllers would do: check, admit, make pods.

    Parameters
    ----------
    objects : Objects
    new_from : int
        From this position on everything counts as written; before it, what is a document of its own, without a uid and a creation
        time. The items of a List come from a cluster.

    Raises
    ------
    ManifestError
        If the API server would refuse something; the file is named.
    """
    written = [index for index in range(len(objects)) if index >= new_from or _is_written(objects, index)]
    check(Objects(tuple(objects.objects[i] for i in written), tuple(objects.sources[i] for i in written)), "manifest")
    catalog = _classes(objects)
    ready = list(objects.objects)
    for index in written:
        value = ready[index]
        if isinstance(value, Pod) and not value.spec.node_name:
            ready[index] = _admitted(value, catalog, objects.place(index))
        elif isinstance(value, _EXPANDED):
            # The controller would meet the refusal again and again, and nobody would see it.
            template = replace(value.spec.template.metadata, name=value.metadata.name, namespace=value.metadata.namespace)
            _admitted(Pod(metadata=template, spec=value.spec.template.spec), catalog, objects.place(index))
    return Completed(_expanded(objects.with_objects(ready), frozenset(written)), _not_expanded(ready[index] for index in written))


def _is_written(objects: Objects, index: int) -> bool:
    meta = objects.objects[index].metadata
    return objects.sources[index].item is None and not meta.uid and meta.creation_timestamp is None


def _classes(objects: Objects) -> Catalog:
    catalog = Catalog()
    for value in objects:
        if value.kind in ("PriorityClass", "RuntimeClass"):
            catalog.put(value)
    return catalog


def _admitted(pod: Pod, catalog: Catalog, place: str) -> Pod:
    try:
        return admit_pod(pod, catalog)
    except ManifestError as error:
        raise ManifestError(f"{place}: {error}") from None


def _expanded(objects: Objects, written: frozenset[int]) -> Objects:
    """Add the pods of written workloads that have none; those of a dump have had their controllers."""
    values = [value for index, value in enumerate(objects.objects) if index in written or not isinstance(value, _EXPANDED)]
    if not any(isinstance(value, _EXPANDED) for value in values):
        return objects
    from binpack.control.expand import expand

    expansion = expand(values)
    made: tuple[KubernetesObject, ...] = (*expansion.replica_sets, *expansion.claims, *expansion.pods)
    return Objects((*objects.objects, *made), (*objects.sources, *((_MADE,) * len(made))), objects.skipped)


def _not_expanded(written: Iterable[KubernetesObject]) -> tuple[str, ...]:
    return tuple(
        f"{identity(value.kind, value.metadata.namespace, value.metadata.name)}: {_WHY_NOT_EXPANDED[type(value)]}"
        for value in written
        if type(value) in _WHY_NOT_EXPANDED
    )
