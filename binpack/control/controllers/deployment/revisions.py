"""Which ReplicaSet has the Deployment's template, and the one that is made when none has.

Source: pkg/controller/deployment/sync.go (getNewReplicaSet) and util/deployment_util.go, v1.35.
"""

from __future__ import annotations

import json

from binpack.control.apiserver.identity import ALPHABET
from binpack.control.controllers.deployment.annotations import (
    REVISION,
    annotated,
    copied_annotations,
    revision_of,
    sized_annotations,
    with_revision,
)
from binpack.control.controllers.deployment.fenceposts import by_age, new_replica_count, total_of
from binpack.control.controllers.ownership import controller_reference
from binpack.model.base import replace, to_builtins
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.pod import PodTemplateSpec
from binpack.model.workloads import Deployment, ReplicaSet, ReplicaSetSpec

HASH_LABEL = "pod-template-hash"
_MAX_NAME_LENGTH = 253


def find_new(deployment: Deployment, replica_sets: list[ReplicaSet]) -> ReplicaSet | None:
    """Return the oldest ReplicaSet whose template is the Deployment's, leaving the hash label aside."""
    for one in by_age(replica_sets):
        if same_template(one.spec.template, deployment.spec.template):
            return one
    return None


def same_template(first: PodTemplateSpec, second: PodTemplateSpec) -> bool:
    """Tell whether two templates are equal but for the hash label. A ReplicaSet shares the very spec of its Deployment, mostly."""
    if first.spec is not second.spec and first.spec != second.spec:
        return False
    return without_hash(first).metadata == without_hash(second).metadata


def highest_revision(replica_sets: list[ReplicaSet]) -> int:
    """Return the highest revision; 0 without any."""
    return max((revision_of(one) for one in replica_sets), default=0)


def brought_up_to_date(deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]) -> ReplicaSet:
    """Return the new ReplicaSet with the Deployment's annotations and minReadySeconds and the highest revision.

    A ReplicaSet that becomes the new one again, after a rollback, gets a new revision and keeps the former one in its history.
    """
    changed = annotated(with_revision(new, highest_revision(old) + 1), copied_annotations(deployment))
    if changed.spec.min_ready_seconds != deployment.spec.min_ready_seconds:
        changed = replace(changed, spec=replace(changed.spec, min_ready_seconds=deployment.spec.min_ready_seconds))
    return changed


def build_new(deployment: Deployment, old: list[ReplicaSet]) -> ReplicaSet:
    """Build the ReplicaSet for the Deployment's template, with the size that the surge allows at first."""
    template, meta = deployment.spec.template, deployment.metadata
    digest = template_hash(template, deployment.status.collision_count)
    labels = {**template.metadata.labels, HASH_LABEL: digest}
    selector = deployment.spec.selector or LabelSelector()
    annotations = copied_annotations(deployment) | sized_annotations(deployment)
    annotations[REVISION] = str(highest_revision(old) + 1)
    return ReplicaSet(
        metadata=ObjectMeta(
            name=f"{meta.name[: _MAX_NAME_LENGTH - len(digest) - 1]}-{digest}",
            namespace=meta.namespace,
            labels=labels,
            annotations=annotations,
            owner_references=(controller_reference(deployment),),
        ),
        spec=ReplicaSetSpec(
            replicas=new_replica_count(deployment, 0, total_of(old)),
            selector=replace(selector, match_labels={**selector.match_labels, HASH_LABEL: digest}),
            template=replace(template, metadata=replace(template.metadata, labels=labels)),
            min_ready_seconds=deployment.spec.min_ready_seconds,
        ),
    )


def template_hash(template: PodTemplateSpec, collision_count: int | None) -> str:
    """Hash a template into a name suffix. Only that equal templates have equal hashes matters; Kubernetes' own value is another."""
    text = json.dumps(to_builtins(template), sort_keys=True) + str(collision_count or 0)
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(_fnv1a_32(text.encode())))


def _fnv1a_32(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def without_hash(template: PodTemplateSpec) -> PodTemplateSpec:
    """Drop the label that a Deployment adds to its ReplicaSets' templates."""
    labels = template.metadata.labels
    if HASH_LABEL not in labels:
        return template
    return replace(template, metadata=replace(template.metadata, labels={k: v for k, v in labels.items() if k != HASH_LABEL}))
