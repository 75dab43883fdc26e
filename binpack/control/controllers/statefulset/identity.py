"""The stable identity of a StatefulSet's pods: name, labels, hostname, and the claims that belong to the ordinal.

Source: pkg/controller/statefulset/stateful_set_utils.go, v1.35.
"""

from __future__ import annotations

import re

from binpack.control.controllers.ownership import controller_reference
from binpack.control.controllers.revisions import HASH_LABEL
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod, PodTemplateSpec
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.volumes import PersistentVolumeClaimVolumeSource, Volume
from binpack.model.workloads import StatefulSet

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
NO_ORDINAL = -1

_MEMBER = re.compile(r"(.*)-([0-9]+)", re.DOTALL)
_MAX_INT32 = (1 << 31) - 1


def parent_and_ordinal(pod_name: str) -> tuple[str, int]:
    """Split the name of a member: `web-2` is number 2 of `web`; ("", -1) for other names.

    Examples
    --------
    >>> parent_and_ordinal("web-2"), parent_and_ordinal("web")
    (('web', 2), ('', -1))
    """
    match = _MEMBER.fullmatch(pod_name)
    if match is None:
        return "", NO_ORDINAL
    ordinal = int(match[2])
    return match[1], ordinal if ordinal <= _MAX_INT32 else NO_ORDINAL


def is_member(stateful_set: StatefulSet, pod: Pod) -> bool:
    """Tell whether a pod's name is one of the set's."""
    return parent_and_ordinal(pod.metadata.name)[0] == stateful_set.metadata.name


def ordinal_of(pod: Pod) -> int:
    """Return a pod's ordinal."""
    return parent_and_ordinal(pod.metadata.name)[1]


def claim_name(template_name: str, stateful_set: StatefulSet, ordinal: int) -> str:
    """Return the name of an ordinal's claim."""
    return f"{template_name}-{stateful_set.metadata.name}-{ordinal}"


def build_pod(stateful_set: StatefulSet, template: PodTemplateSpec, revision: str, ordinal: int) -> Pod:
    """Build the pod of an ordinal."""
    name, meta = f"{stateful_set.metadata.name}-{ordinal}", template.metadata
    claimed = {one.metadata.name: claim_name(one.metadata.name, stateful_set, ordinal) for one in stateful_set.spec.volume_claim_templates}
    volumes = tuple(
        Volume(name=volume, persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=claim))
        for volume, claim in claimed.items()
    )
    kept = tuple(volume for volume in template.spec.volumes if volume.name not in claimed)
    labels = {**meta.labels, POD_NAME_LABEL: name, POD_INDEX_LABEL: str(ordinal), HASH_LABEL: revision}
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace=stateful_set.metadata.namespace,
            labels=labels,
            annotations=meta.annotations,
            finalizers=meta.finalizers,
            owner_references=(controller_reference(stateful_set),),
        ),
        spec=replace(template.spec, hostname=name, subdomain=stateful_set.spec.service_name, volumes=(*volumes, *kept)),
    )


def build_claims(stateful_set: StatefulSet, ordinal: int) -> list[PersistentVolumeClaim]:
    """Build the claims of an ordinal."""
    selector = stateful_set.spec.selector
    selected = {} if selector is None else selector.match_labels
    return [
        PersistentVolumeClaim(
            metadata=ObjectMeta(
                name=claim_name(one.metadata.name, stateful_set, ordinal),
                namespace=stateful_set.metadata.namespace,
                labels={**one.metadata.labels, **selected},
                annotations=one.metadata.annotations,
            ),
            spec=one.spec,
        )
        for one in stateful_set.spec.volume_claim_templates
    ]


def with_identity(pod: Pod) -> Pod:
    """Repair the labels that follow from a member's name."""
    wanted = {POD_NAME_LABEL: pod.metadata.name, POD_INDEX_LABEL: str(ordinal_of(pod))}
    if wanted.items() <= pod.metadata.labels.items():
        return pod
    return replace(pod, metadata=replace(pod.metadata, labels={**pod.metadata.labels, **wanted}))
