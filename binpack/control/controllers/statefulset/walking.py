"""The walk over a StatefulSet's pods: which are made, repaired, deleted or replaced in one sync.

Source: pkg/controller/statefulset/stateful_set_control.go (updateStatefulSet), v1.35 with the gate MaxUnavailableStatefulSet off, as from
v1.35.4 on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from binpack.control.actions import Create, Delete, Update, Write
from binpack.control.conditions import is_ready
from binpack.control.controllers.pods import is_available, slow_start_batches
from binpack.control.controllers.revisions import HASH_LABEL
from binpack.control.controllers.statefulset.identity import build_claims, build_pod, ordinal_of, with_identity
from binpack.control.controllers.statefulset.retention import is_left_by, owner_edits, owner_of_claims, wanted_owner
from binpack.control.records import Record
from binpack.model.base import replace
from binpack.model.int_or_percent import IntOrPercent, scaled
from binpack.model.pod import Pod, PodTemplateSpec
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import StatefulSet


class Walked(NamedTuple):
    """What one sync does.

    Parameters
    ----------
    stages : tuple of tuples of writes
    records : tuple of Record
    error : str
        Why a pod could not be made; empty if none failed.
    """

    stages: tuple[tuple[Write, ...], ...]
    records: tuple[Record, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Templates:
    """The two templates of a rollout.

    Parameters
    ----------
    current, update : PodTemplateSpec
    current_revision, update_revision : str
        Names of their revisions.
    """

    current: PodTemplateSpec
    update: PodTemplateSpec
    current_revision: str
    update_revision: str


@dataclass(slots=True)
class _Walk:
    """One sync in the making."""

    stateful_set: StatefulSet
    find_claim: Callable[[str], PersistentVolumeClaim | None]
    now_us: int
    stages: list[tuple[Write, ...]] = field(default_factory=list)
    burst: list[tuple[tuple[Write, ...], Write]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    error: str = ""


def max_unavailable(value: IntOrPercent, replicas: int) -> int:
    """Return how many pods a rolling update may take at once where the gate is on: percentages round down, at least 1."""
    return max(1, scaled(1 if value is None else value, replicas, "down"))


def replicas_of(stateful_set: StatefulSet) -> int:
    """Return `spec.replicas`, which is 1 when it is not given."""
    return 1 if stateful_set.spec.replicas is None else stateful_set.spec.replicas


def start_of(stateful_set: StatefulSet) -> int:
    """Return the first ordinal."""
    return 0 if stateful_set.spec.ordinals is None else stateful_set.spec.ordinals.start


def partition_of(stateful_set: StatefulSet) -> int:
    """Return below which index pods keep the current revision."""
    rolling = stateful_set.spec.update_strategy.rolling_update
    return 0 if rolling is None or rolling.partition is None else rolling.partition


def is_monotonic(stateful_set: StatefulSet) -> bool:
    """Tell whether pods are dealt with one after the other."""
    return stateful_set.spec.pod_management_policy != "Parallel"


def is_running_and_ready(pod: Pod) -> bool:
    """Tell whether a pod runs and its condition Ready is True."""
    return pod.status.phase == "Running" and is_ready(pod)


def walk(
    stateful_set: StatefulSet,
    pods: Sequence[Pod],
    templates: Templates,
    find_claim: Callable[[str], PersistentVolumeClaim | None],
    now_us: int,
) -> Walked:
    """Plan one sync.

    Parameters
    ----------
    stateful_set : StatefulSet
    pods : sequence of Pod
        All its members.
    templates : Templates
    find_claim : callable
        Looks up a claim of its namespace by name.
    now_us : int
    """
    first, count = start_of(stateful_set), replicas_of(stateful_set)
    by_ordinal = {ordinal_of(pod): pod for pod in pods}
    condemned = sorted((number for number in by_ordinal if number >= 0 and not first <= number < first + count), reverse=True)
    sync = _Walk(stateful_set, find_claim, now_us)
    monotonic = is_monotonic(stateful_set)
    for number in range(first, first + count):
        if _replica(sync, by_ordinal.get(number), number, templates) and monotonic:
            return _finished(sync)
    unhealthy = [number for number in sorted(by_ordinal) if number in condemned and not _is_healthy(sync, by_ordinal[number])]
    first_unhealthy = _first_unavailable(sync, by_ordinal, first, count, unhealthy)
    for number in condemned:
        _settle_owners(sync, by_ordinal[number], number, in_range=False)
    for number in condemned:
        if _condemned(sync, by_ordinal[number], first_unhealthy, monotonic=monotonic) and monotonic:
            return _finished(sync)
    if stateful_set.spec.update_strategy.type != "OnDelete":
        _roll(sync, by_ordinal, range(first + count - 1, first + partition_of(stateful_set) - 1, -1), templates.update_revision)
    return _finished(sync)


def _finished(sync: _Walk) -> Walked:
    """Cut what is created at once into growing batches, the claims of each before its pods."""
    stages = list(sync.stages)
    for batch in slow_start_batches(sync.burst):
        claims = tuple(write for before, _ in batch for write in before)
        stages += [claims] if claims else []
        stages.append(tuple(creation for _, creation in batch))
    return Walked(tuple(stages), tuple(sync.records), sync.error)


def _is_healthy(sync: _Walk, pod: Pod) -> bool:
    return not pod.is_terminating and is_running_and_ready(pod) and _is_available(sync, pod)


def _is_available(sync: _Walk, pod: Pod) -> bool:
    return is_available(pod, sync.stateful_set.spec.min_ready_seconds, sync.now_us)


def _first_unavailable(sync: _Walk, pods: dict[int, Pod], first: int, count: int, condemned: list[int]) -> int | None:
    replicas = [number for number in range(first, first + count) if number in pods and not _is_healthy(sync, pods[number])]
    return min(replicas or condemned, default=None)


def _replica(sync: _Walk, pod: Pod | None, ordinal: int, templates: Templates) -> bool:
    """Deal with one wanted pod; tell whether an ordered walk ends here."""
    owner = sync.stateful_set
    if pod is None:
        _create(sync, ordinal, templates)
        return True
    if pod.is_terminal:
        if not pod.is_terminating:
            sync.stages.append((_deletion(owner, pod),))
        return True
    if pod.is_terminating:
        return True
    if pod.status.phase == "Pending":
        missing = [claim for claim in build_claims(owner, ordinal) if sync.find_claim(claim.metadata.name) is None]
        if missing:
            sync.stages.append(tuple(_claim_creation(owner, claim, pod.metadata.name) for claim in missing))
        # A pod that does not run yet is not Ready either: the next of an ordered set waits for it.
        return True
    if not is_running_and_ready(pod) or not _is_available(sync, pod):
        return True
    repaired = with_identity(pod)
    if repaired is not pod:
        said = f"update Pod {pod.metadata.name} in StatefulSet {owner.metadata.name} successful"
        sync.stages.append((Update(repaired, Record(owner, "Normal", "SuccessfulUpdate", said)),))
    _settle_owners(sync, pod, ordinal, in_range=True)
    return False


def _settle_owners(sync: _Walk, pod: Pod | None, ordinal: int, *, in_range: bool) -> None:
    """Let the claims of an ordinal have the owner that the retention policy asks for."""
    for claim in build_claims(sync.stateful_set, ordinal):
        found = sync.find_claim(claim.metadata.name)
        if found is not None:
            edits, warning = owner_edits(sync.stateful_set, found, pod, in_range=in_range)
            sync.stages += [(edit,) for edit in edits]
            sync.records += [warning] if warning is not None else []


def _create(sync: _Walk, ordinal: int, templates: Templates) -> None:
    owner = sync.stateful_set
    keeps = _keeps_current(owner, ordinal)
    template, revision = (templates.current, templates.current_revision) if keeps else (templates.update, templates.update_revision)
    pod = build_pod(owner, template, revision, ordinal)
    missing: list[Write] = []
    for claim in build_claims(owner, ordinal):
        found = sync.find_claim(claim.metadata.name)
        if found is None:
            missing.append(_claim_creation(owner, claim, pod.metadata.name))
        elif found.metadata.deletion_timestamp is not None:
            sync.error = sync.error or f"pvc {claim.metadata.name} is being deleted"
            return
        elif is_left_by(found, pod.metadata.name):
            # The claim goes with the former pod of this name; its deletion wakes the set.
            return
        else:
            missing += owner_edits(owner, found, None, in_range=True)[0]
    said = f"create Pod {pod.metadata.name} in StatefulSet {owner.metadata.name} successful"
    creation = Create(pod, Record(owner, "Normal", "SuccessfulCreate", said))
    if is_monotonic(owner):
        sync.stages += [tuple(missing), (creation,)] if missing else [(creation,)]
    else:
        sync.burst.append((tuple(missing), creation))


def _keeps_current(owner: StatefulSet, ordinal: int) -> bool:
    """Tell whether a new pod is of the current revision: below the partition, or where none is given, where such pods were before."""
    strategy = owner.spec.update_strategy
    if strategy.type == "OnDelete":
        return False
    kept = owner.status.current_replicas if strategy.rolling_update is None else partition_of(owner)
    return ordinal < start_of(owner) + kept


def _claim_creation(owner: StatefulSet, claim: PersistentVolumeClaim, pod_name: str) -> Create:
    if wanted_owner(owner, in_range=True).by_set:
        claim = replace(claim, metadata=replace(claim.metadata, owner_references=(owner_of_claims(owner),)))
    said = f"create Claim {claim.metadata.name} Pod {pod_name} in StatefulSet {owner.metadata.name} success"
    return Create(claim, Record(owner, "Normal", "SuccessfulCreate", said))


def _deletion(owner: StatefulSet, pod: Pod) -> Delete:
    said = f"delete Pod {pod.metadata.name} in StatefulSet {owner.metadata.name} successful"
    return Delete(pod, record=Record(owner, "Normal", "SuccessfulDelete", said))


def _condemned(sync: _Walk, pod: Pod, first_unhealthy: int | None, *, monotonic: bool) -> bool:
    """Deal with one pod too many; tell whether an ordered walk ends here."""
    if pod.is_terminating:
        return True
    if monotonic and not (is_running_and_ready(pod) and _is_available(sync, pod)) and ordinal_of(pod) != first_unhealthy:
        return True
    sync.stages.append((_deletion(sync.stateful_set, pod),))
    return True


def _roll(sync: _Walk, pods: dict[int, Pod], numbers: range, revision: str) -> None:
    """Replace one pod of another revision, the highest first, unless one that was looked at before is not available yet."""
    for number in numbers:
        pod = pods.get(number)
        if pod is None:
            return
        if pod.metadata.labels.get(HASH_LABEL) != revision and not pod.is_terminating:
            sync.stages.append((_deletion(sync.stateful_set, pod),))
            return
        if not _is_healthy(sync, pod):
            return
