"""What the API server knows of each kind: its resource name, its scope, and the objects of kinds that have no struct here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binpack.model.base import Struct, field
from binpack.model.kinds import CLUSTER_SCOPED, KINDS, KubernetesObject
from binpack.model.meta import ObjectMeta


class Unstructured(Struct, frozen=True):
    """An object of a kind that this toolkit stores without reading it, such as a custom resource.

    Parameters
    ----------
    api_version : str
    kind : str
    metadata : ObjectMeta
    spec : mapping, optional
        Counts for the generation, like a typed object's.
    status : mapping, optional
        Written through the status subresource only.
    content : mapping
        All other top-level fields.
    """

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: Mapping[str, Any] | None = None
    status: Mapping[str, Any] | None = None
    content: Mapping[str, Any] = field(default_factory=dict)


ApiObject = KubernetesObject | Unstructured

_GROUPS = {kind: api_version.rpartition("/")[0] for api_version, kind in KINDS}
_IRREGULAR_PLURALS = {"PriorityClass": "priorityclasses", "RuntimeClass": "runtimeclasses", "StorageClass": "storageclasses"}


def resource_key(api_version: str, kind: str) -> str:
    """Name the table in which a kind lives: the kind alone for those with a struct, `Kind.group` for all others.

    Examples
    --------
    >>> resource_key("apps/v1", "Deployment"), resource_key("kueue.x-k8s.io/v1beta1", "Workload")
    ('Deployment', 'Workload.kueue.x-k8s.io')
    """
    group = api_version.rpartition("/")[0]
    if _GROUPS.get(kind) == group:
        return kind
    return f"{kind}.{group}"


def resource_of(value: ApiObject) -> str:
    """Name the table in which an object lives."""
    return resource_key(value.api_version, value.kind) if isinstance(value, Unstructured) else type(value).__name__


def is_namespaced(resource: str) -> bool:
    """Tell whether objects of a resource live in a namespace. Kinds that are not known are taken to."""
    return resource not in CLUSTER_SCOPED


def qualified_kind(resource: str) -> str:
    """Return the kind as messages of invalid objects show it: `Pod`, `Deployment.apps`."""
    kind, _, group = resource.partition(".")
    group = group or _GROUPS.get(kind, "")
    return f"{kind}.{group}" if group else kind


def qualified_plural(resource: str) -> str:
    """Return the resource name as messages show it: `pods`, `deployments.apps`, `jobs.batch`."""
    kind, _, group = resource.partition(".")
    group = group or _GROUPS.get(kind, "")
    plural = _IRREGULAR_PLURALS.get(kind, kind.lower() + "s")
    return f"{plural}.{group}" if group else plural
