"""Recorded decisions beside those of the replay: the same pods, perhaps on other nodes, perhaps later."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from binpack.results.schema import REPLAYED_PODS
from binpack.results.tables import Table
from binpack.sim.recorder import PodRow
from binpack.sim.recording.recorded_pods import RecordedPod


@dataclass(frozen=True, slots=True)
class Pair:
    """A recorded pod and the one of the replay that stands for it; None where there is none."""

    recorded: RecordedPod | None
    replayed: PodRow | None

    @property
    def is_same_node(self) -> bool:
        """Whether both were bound, to one node."""
        if self.recorded is None or self.replayed is None or self.recorded.node is None:
            return False
        return self.recorded.node == self.replayed.node


@dataclass(frozen=True, slots=True)
class Usage:
    """How one of the two clusters went.

    Parameters
    ----------
    bound_count, pending_count : int
        Pods that a scheduler has placed since the start, and that wait for it at the end.
    nodes_in_use_mean : float
        Over the time of the recording.
    nodes_in_use_end : int
    waiting_median_s, waiting_max_s : float
        From creation to binding, of those that were placed.
    """

    bound_count: int
    pending_count: int
    nodes_in_use_mean: float
    nodes_in_use_end: int
    waiting_median_s: float
    waiting_max_s: float


@dataclass(frozen=True)
class Comparison:
    """A recording and its replay.

    Parameters
    ----------
    decisions_count : int
        Pods that both schedulers have placed since the start.
    same_node_count : int
        Of them on the same node. Pods of one workload are alike: as many as possible are paired on the same node.
    only_recorded_count, only_replayed_count : int
        Pods that only one of the two placed.
    recorded, replayed : Usage
    pairs : tuple of Pair
    """

    decisions_count: int
    same_node_count: int
    only_recorded_count: int
    only_replayed_count: int
    recorded: Usage
    replayed: Usage
    pairs: tuple[Pair, ...] = field(repr=False)

    @property
    def table(self) -> Table:
        """One row a pair."""
        return Table.of_rows(REPLAYED_PODS, (_row(pair) for pair in self.pairs))


def compare(recorded: Sequence[RecordedPod], replayed: Sequence[PodRow], until_us: int) -> Comparison:
    """Pair the pods of a recording with those of its replay.

    Pods of one namespace and name belong together; what is left of a workload is paired by node, then in the order of creation.

    Parameters
    ----------
    recorded : sequence of RecordedPod
    replayed : sequence of PodRow
        All pods of the run.
    until_us : int
        Where the run ended; what was recorded later does not count.
    """
    seen = [pod for pod in recorded if pod.created_us <= until_us]
    before = {(pod.namespace, pod.name) for pod in seen if pod.was_bound}
    pairs = _pairs(seen, replayed)
    decided = [pair for pair in pairs if not (pair.recorded is not None and pair.recorded.was_bound)]
    both = [pair for pair in decided if _is_bound(pair.recorded, until_us) and pair.replayed is not None and pair.replayed.node]
    only_recorded = sum(_is_bound(one.recorded, until_us) and (one.replayed is None or not one.replayed.node) for one in decided)
    only_replayed = sum(
        not _is_bound(one.recorded, until_us) and one.replayed is not None and bool(one.replayed.node) for one in decided
    )  # fmt: skip
    return Comparison(
        decisions_count=len(both),
        same_node_count=sum(pair.is_same_node for pair in both),
        only_recorded_count=only_recorded,
        only_replayed_count=only_replayed,
        recorded=_usage([_recorded_stay(pod) for pod in seen], until_us),
        replayed=_usage([_replayed_stay(row, before) for row in replayed], until_us),
        pairs=tuple(pairs),
    )


def _is_bound(pod: RecordedPod | None, until_us: int) -> bool:
    return pod is not None and pod.bound_us is not None and pod.bound_us <= until_us


def _pairs(recorded: Sequence[RecordedPod], replayed: Sequence[PodRow]) -> list[Pair]:
    by_name: dict[tuple[str, str], list[PodRow]] = defaultdict(list)
    for row in replayed:
        by_name[row.namespace, row.pod].append(row)
    workloads = {(pod.namespace, pod.owner_kind, pod.owner) for pod in recorded}
    pairs: list[Pair] = []
    left: dict[tuple[str, str, str], list[RecordedPod]] = defaultdict(list)
    for pod in recorded:
        rows = by_name.get((pod.namespace, pod.name))
        if rows:
            pairs.append(Pair(pod, rows.pop(0)))
        else:
            left[pod.namespace, pod.owner_kind, pod.owner].append(pod)
    rest: dict[tuple[str, str, str], list[PodRow]] = defaultdict(list)
    for rows in by_name.values():
        for row in rows:
            rest[_workload(row, workloads)].append(row)
    for workload in dict.fromkeys([*left, *rest]):
        pairs += _pairs_of_workload(left.get(workload, []), rest.get(workload, []))
    return pairs


def _workload(row: PodRow, known: set[tuple[str, str, str]]) -> tuple[str, str, str]:
    """Name the workload of a replayed pod at the top: a ReplicaSet is called after its Deployment."""
    above = (row.namespace, "Deployment", (row.owner or "").rpartition("-")[0])
    if row.owner_kind == "ReplicaSet" and above in known:
        return above
    return (row.namespace, row.owner_kind or "", row.owner or "")


def _pairs_of_workload(recorded: list[RecordedPod], replayed: list[PodRow]) -> list[Pair]:
    pairs: list[Pair] = []
    on_node: dict[str | None, deque[PodRow]] = defaultdict(deque)
    for row in sorted(replayed, key=lambda one: one.created_us):
        on_node[row.node].append(row)
    others: list[RecordedPod] = []
    for pod in sorted(recorded, key=lambda one: one.created_us):
        if pod.node is not None and on_node[pod.node]:
            pairs.append(Pair(pod, on_node[pod.node].popleft()))
        else:
            others.append(pod)
    rows = sorted((row for queue in on_node.values() for row in queue), key=lambda one: (one.created_us, one.pod))
    pairs += [Pair(pod, row) for pod, row in zip(others, rows, strict=False)]
    pairs += [Pair(pod, None) for pod in others[len(rows) :]]
    return pairs + [Pair(None, row) for row in rows[len(others) :]]


@dataclass(frozen=True, slots=True)
class _Stay:
    """A pod's time on its node."""

    node: str | None
    created_us: int
    bound_us: int | None
    ended_us: int | None
    was_bound: bool


def _recorded_stay(pod: RecordedPod) -> _Stay:
    return _Stay(pod.node, pod.created_us, pod.bound_us, pod.ended_us, pod.was_bound)


def _replayed_stay(row: PodRow, before: set[tuple[str, str]]) -> _Stay:
    ends = [one for one in (row.finished_us, row.deleted_us) if one is not None]
    was_bound = row.created_us == 0 and (row.namespace, row.pod) in before
    return _Stay(row.node, row.created_us, row.scheduled_us, min(ends, default=None), was_bound)


def _usage(stays: Sequence[_Stay], until_us: int) -> Usage:
    bound = [stay for stay in stays if stay.bound_us is not None and stay.bound_us <= until_us]
    waits = sorted((stay.bound_us or 0) - stay.created_us for stay in bound if not stay.was_bound)
    changes: list[tuple[int, str, int]] = []
    for stay in bound:
        changes.append((stay.bound_us or 0, stay.node or "", 1))
        if stay.ended_us is not None and stay.ended_us <= until_us:
            changes.append((max(stay.ended_us, stay.bound_us or 0), stay.node or "", -1))
    changes.sort(key=lambda change: (change[0], -change[2]))
    count: Counter[str] = Counter()
    in_use = area = now_us = 0
    for time_us, node, sign in changes:
        area += in_use * (time_us - now_us)
        now_us = time_us
        before = count[node]
        count[node] += sign
        in_use += (count[node] > 0) - (before > 0)
    area += in_use * (until_us - now_us)
    return Usage(
        bound_count=len(waits),
        pending_count=sum(
            (stay.bound_us is None or stay.bound_us > until_us) and (stay.ended_us is None or stay.ended_us > until_us) for stay in stays
        ),
        nodes_in_use_mean=area / until_us if until_us else float(in_use),
        nodes_in_use_end=in_use,
        waiting_median_s=waits[len(waits) // 2] / 1e6 if waits else 0.0,
        waiting_max_s=waits[-1] / 1e6 if waits else 0.0,
    )


def _row(pair: Pair) -> tuple[object, ...]:
    pod, row = pair.recorded, pair.replayed
    return (
        pod.namespace if pod is not None else row.namespace if row is not None else None,
        (pod.owner_kind or None) if pod is not None else row.owner_kind if row is not None else None,
        (pod.owner or None) if pod is not None else row.owner if row is not None else None,
        None if pod is None else pod.name,
        None if row is None else row.pod,
        None if pod is None else pod.node,
        None if row is None else row.node,
        pair.is_same_node,
        pod is not None and pod.was_bound,
        None if pod is None else pod.created_us,
        None if row is None else row.created_us,
        None if pod is None or pod.was_bound or pod.bound_us is None else pod.bound_us - pod.created_us,
        None if row is None or row.scheduled_us is None else row.scheduled_us - row.created_us,
    )
