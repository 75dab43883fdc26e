"""What the search for evictions looks at: for each node what is free, and the pods of lower priority with what they give back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from binpack.framework.profile import Profile
from binpack.framework.status import Code, Status
from binpack.model.pod import Pod
from binpack.model.requests import PODS
from binpack.optimal.eligibility import RESOURCES, requests_of
from binpack.optimal.shortages import Shortage
from binpack.scheduler.dry_run import NodeDryRun
from binpack.scheduler.filtering import Filtering
from binpack.scheduler.needs import needed_plugins
from binpack.state.cluster import Cluster

ALONE = ("node(s) didn't match pod anti-affinity rules", "node(s) didn't satisfy existing pods anti-affinity rules")
PORTS = "node(s) didn't have free ports for the requested pod ports"
ROOM = ("Insufficient ", "Too many pods")


@dataclass(frozen=True)
class Room:
    """A node on which evictions might help.

    Attributes
    ----------
    node : str
    row : int
    free : tuple[int, ...]
        Of each resource that the pod asks for; below zero where a node is overcommitted.
    pods : tuple[Pod, ...]
        Those of lower priority, the least important first.
    gives : tuple[tuple[int, ...], ...]
        What each of them gives back of each resource.
    """

    node: str
    row: int
    free: tuple[int, ...]
    pods: tuple[Pod, ...]
    gives: tuple[tuple[int, ...], ...]

    def short(self, need: Sequence[int]) -> list[int]:
        """What the node lacks of each resource."""
        return [max(0, wanted - free) for wanted, free in zip(need, self.free, strict=True)]

    def least(self, need: Sequence[int]) -> int | None:
        """A number that no set of victims can be smaller than; None if not even all of them make room."""
        least = 1
        for resource, amount in enumerate(self.short(need)):
            total = count = 0
            for given in sorted((gives[resource] for gives in self.gives), reverse=True):
                if total >= amount:
                    break
                total, count = total + given, count + 1
            if total < amount:
                return None
            least = max(least, count)
        return least if self.pods else None


@dataclass(frozen=True)
class Rooms:
    """All nodes, as a pod that fits on none of them sees them.

    Attributes
    ----------
    resources : tuple[str, ...]
        What is counted: what the pod asks for, and places for pods.
    need : tuple[int, ...]
    open : tuple[Room, ...]
        In the order of their names.
    closed : tuple[tuple[str, str], ...]
        Nodes on which no eviction helps, and why.
    """

    resources: tuple[str, ...]
    need: tuple[int, ...]
    open: tuple[Room, ...]
    closed: tuple[tuple[str, str], ...] = ()

    def shortage(self, pod: Pod) -> Shortage:
        """Say why no eviction makes room for a pod: the resource of which there is too little, or what closes the nodes."""
        counted = Counter(reason for _, reason in self.closed)
        shut = [f"{count} of {len(self.open) + len(self.closed)} nodes: {reason}" for reason, count in counted.most_common(3)]
        if not self.open:
            return Shortage(pod.key, 1, None, None, None, "; ".join(shut) or "there is no node")
        most = [max(room.free[r] + sum(gives[r] for gives in room.gives) for room in self.open) for r in range(len(self.resources))]
        lacking = next((r for r, (need, there) in enumerate(zip(self.need, most, strict=True)) if need > there), None)
        if lacking is None:
            text = f"each of {len(self.open)} nodes lacks one resource or another, even without all pods of lower priority"
            return Shortage(pod.key, 1, None, None, None, "; ".join([text, *shut]))
        name, need, there = self.resources[lacking], self.need[lacking], most[lacking]
        text = f"{pod.key} asks for {need} of {name}, no eligible node offers more than {there} without all pods of lower priority"
        return Shortage(pod.key, 1, name, need, there, "; ".join([text, *shut]))


def rooms_of(cluster: Cluster, profile: Profile, pod: Pod, filtering: Filtering) -> Rooms:
    """Look at every node that a pod was tried on.

    Parameters
    ----------
    filtering : Filtering
        Of a pod that fits nowhere.
    """
    names, need = _asked(cluster, profile, pod)
    rooms, closed = [], []
    for row in map(int, cluster.rows_in_order()):
        plugin, status = filtering.status(row)
        room = _room(cluster, names, pod, row)
        # What sums show needs nobody's word: too small a node stays in the proof.
        if status.code is Code.UNSCHEDULABLE or (plugin == RESOURCES and room.least(need) is None):
            rooms.append(room)
        else:
            closed.append((cluster.node(row).name, f"{plugin}: {', '.join(status.reasons)}"))
    return Rooms(names, need, tuple(sorted(rooms, key=lambda room: room.node)), tuple(sorted(closed)))


def room_that_fits(cluster: Cluster, profile: Profile, pod: Pod, node: str) -> Rooms:
    """The one node that takes a pod as it is."""
    names, need = _asked(cluster, profile, pod)
    row = cluster.row_of(node)
    assert row is not None
    return Rooms(names, need, (_room(cluster, names, pod, row),))


def unpaired_rules(pod: Pod) -> tuple[str, ...]:
    """Rules of a pod that do not lie between two pods alone, or are not about pods: no proof by sums knows them."""
    rules = []
    if any(constraint.when_unsatisfiable == "DoNotSchedule" for constraint in pod.spec.topology_spread_constraints):
        rules.append("PodTopologySpread")
    near = None if pod.spec.affinity is None else pod.spec.affinity.pod_affinity
    if near is not None and near.required_during_scheduling_ignored_during_execution:
        rules.append("InterPodAffinity")
    return (*rules, *sorted(needed_plugins(pod)))


def blocking(room: Room, trial: NodeDryRun) -> tuple[frozenset[str], str | None]:
    """Say which pods cannot be beside the one that comes, whatever else goes; or why all of them together do not help.

    Ports and anti-affinity lie between two pods each. What spread and affinity say depends on all the others, so they are not asked.
    """
    for other in room.pods:
        trial.remove(other)
    rejection = trial.rejection()
    blockers = set()
    if rejection is None:
        for other in room.pods:
            trial.add(other)
            if _is_between_two(trial.rejection()):
                blockers.add(other.key)
            trial.remove(other)
    for other in room.pods:
        trial.add(other)
    hopeless = rejection is not None and (_is_between_two(rejection) or all(reason.startswith(ROOM) for reason in rejection.reasons))
    return frozenset(blockers), ", ".join(rejection.reasons) if rejection is not None and hopeless else None


def _is_between_two(status: Status | None) -> bool:
    return status is not None and any(reason in (*ALONE, PORTS) for reason in status.reasons)


def _asked(cluster: Cluster, profile: Profile, pod: Pod) -> tuple[tuple[str, ...], tuple[int, ...]]:
    wanted = requests_of(profile, pod, cluster)
    names = tuple(sorted(name for name, amount in wanted.items() if amount))
    return (*names, PODS), (*(wanted[name] for name in names), 1)


def _room(cluster: Cluster, names: Sequence[str], pod: Pod, row: int) -> Room:
    free = []
    for name in names[:-1]:
        index = cluster.resources.index(name)
        free.append(0 if index is None else int(cluster.allocatable[index, row] - cluster.requested[index, row]))
    free.append(int(cluster.allowed_pods[row] - cluster.pod_counts[row]))
    lower = [other for other in cluster.pods_on(row).values() if other.priority < pod.priority]
    lower.sort(key=lambda other: (other.priority, other.key))
    placed = [cluster.classes.of(other).placed for other in lower]
    gives = tuple((*(taken.get(name, 0) for name in names[:-1]), 1) for taken in placed)
    return Room(cluster.node(row).name, row, tuple(free), tuple(lower), gives)
