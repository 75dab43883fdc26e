"""ControllerRevision: a former template of a StatefulSet or a DaemonSet."""

from __future__ import annotations

from binpack.model.base import Struct, field
from binpack.model.meta import ObjectMeta
from binpack.model.pod import PodTemplateSpec
from binpack.model.scalars import Int64


class RevisionSpec(Struct, frozen=True):
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)


class RevisionData(Struct, frozen=True):
    """What Kubernetes stores as a patch: the template and nothing else."""

    spec: RevisionSpec = field(default_factory=RevisionSpec)


class ControllerRevision(Struct, frozen=True):
    api_version: str = "apps/v1"
    kind: str = "ControllerRevision"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    data: RevisionData | None = None
    revision: Int64 = 0
