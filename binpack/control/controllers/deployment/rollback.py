"""The rollback that an annotation asks the server for; `kubectl rollout undo` works on the client and needs none of this.

Source: pkg/controller/deployment/rollback.go, v1.35.
"""

from __future__ import annotations

from binpack.control.controllers.deployment.annotations import ROLLBACK_TO, copied_annotations, revision_of
from binpack.control.controllers.deployment.draft import Draft
from binpack.control.controllers.deployment.revisions import same_template, without_hash
from binpack.control.records import Record
from binpack.model.base import replace
from binpack.model.selectors import parse_int64
from binpack.model.workloads import Deployment, ReplicaSet


def rollback_revision(deployment: Deployment) -> int | None:
    """Return the revision that the annotation asks for, 0 for the last but one; None without a (valid) annotation."""
    return parse_int64(deployment.metadata.annotations.get(ROLLBACK_TO, ""))


def roll_back(draft: Draft, revision: int, replica_sets: list[ReplicaSet]) -> None:
    """Copy the template and annotations of a revision into the Deployment, and take the annotation off whatever came of it."""
    deployment = draft.deployment
    if revision == 0:
        revision = _last_revision(replica_sets)
        if revision == 0:
            draft.record(Record(deployment, "Warning", "DeploymentRollbackRevisionNotFound", "Unable to find last revision."))
            draft.write_deployment(_cleared(deployment))
            return
    target = next((one for one in replica_sets if revision_of(one) == revision), None)
    if target is None:
        message = "Unable to find the revision to rollback to."
        draft.record(Record(deployment, "Warning", "DeploymentRollbackRevisionNotFound", message))
        draft.write_deployment(_cleared(deployment))
        return
    name = deployment.metadata.name
    template = without_hash(target.spec.template)
    if same_template(template, deployment.spec.template):
        message = f'The rollback revision contains the same template as current deployment "{name}"'
        draft.record(Record(deployment, "Warning", "DeploymentRollbackTemplateUnchanged", message))
        draft.write_deployment(_cleared(deployment))
        return
    own = {key: value for key, value in deployment.metadata.annotations.items() if key not in copied_annotations(deployment)}
    theirs = copied_annotations(target)
    rolled_back = replace(
        deployment,
        metadata=replace(deployment.metadata, annotations=own | theirs),
        spec=replace(deployment.spec, template=template),
    )
    draft.record(Record(deployment, "Normal", "DeploymentRollback", f'Rolled back deployment "{name}" to revision {revision}'))
    draft.write_deployment(_cleared(rolled_back))


def _last_revision(replica_sets: list[ReplicaSet]) -> int:
    """Return the second highest revision; 0 without one."""
    revisions = sorted({revision_of(one) for one in replica_sets}, reverse=True)
    return revisions[1] if len(revisions) > 1 else 0


def _cleared(deployment: Deployment) -> Deployment:
    annotations = {key: value for key, value in deployment.metadata.annotations.items() if key != ROLLBACK_TO}
    return replace(deployment, metadata=replace(deployment.metadata, annotations=annotations))
