"""What a plan is about: who may move, which nodes can be freed, and today's placement, from a cluster's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.optimal.budget import Budget
from binpack.optimal.build import BuiltProblem, build_problem
from binpack.optimal.migration.budgets import Allowance, allowances
from binpack.optimal.migration.evictable import held_pods
from binpack.optimal.migration.today import Today, today_of
from binpack.optimal.mobility import Stays
from binpack.optimal.present import without_broken_rules
from binpack.optimal.solution import Solution
from binpack.optimal.solve import solve
from binpack.state.cluster import Cluster

NO_ROOM = "pending, and the running pods leave no room for all that wait"


@dataclass(frozen=True, eq=False)
class Question:
    """A cluster's pods and nodes as a plan sees them.

    Attributes
    ----------
    built : BuiltProblem
    today : Today
    budgets : tuple[Allowance, ...]
    pending : tuple[Pod, ...]
        Those that the plan places.
    anchored : tuple[tuple[str, str], ...]
        Nodes that cannot be freed, and a pod that holds them, with its reason.
    stays : tuple[Stays, ...]
        Pods that are no part of the plan, and why.
    """

    built: BuiltProblem
    today: Today
    budgets: tuple[Allowance, ...]
    pending: tuple[Pod, ...]
    anchored: tuple[tuple[str, str], ...]
    stays: tuple[Stays, ...]

    @property
    def in_use(self) -> int:
        """Nodes in use today: those that hold more than DaemonSets' and static pods."""
        return len(self.anchored) + self.today.in_use

    def node_names(self) -> list[str]:
        """The name of each node, in the order of `today`."""
        return [name for names in self.built.nodes for name in names]


def ask(
    cluster: Cluster, profile: Profile, pending: Iterable[Pod], *, bare_pods_move: bool, further: Mapping[str, str] | None = None
) -> Question:
    """Build the question.

    Parameters
    ----------
    pending : iterable of Pod
        Placed as well if there is room for all of them and the running pods.
    bare_pods_move : bool
        Whether pods without a controller may be evicted.
    further : mapping from pod key to reason, optional
        More pods that are held where they are.
    """
    budgets = allowances(cluster.catalog.list("PodDisruptionBudget"), (pod for pod, _ in cluster.pods()))
    held = held_pods(cluster, budgets, bare_pods_move=bare_pods_move) | dict(further or {})
    waiting = tuple(pod for pod in pending if pod.key not in held)
    built = _built(cluster, profile, waiting, held)
    if waiting and not _all_placeable(built):
        return replace(_question(cluster, _built(cluster, profile, (), held), budgets, held, ()), stays=_left_out(built, held, waiting))
    return _question(cluster, built, budgets, held, waiting)


def fewest_nodes(question: Question, budget: Budget, seed: int) -> Solution:
    """The fewest paid nodes that hold the pods, and a bound."""
    return solve(
        question.built.problem,
        objective="nodes",
        seed=seed,
        time_limit_s=budget.seconds_left,
        deterministic_limit=budget.work_left,
    )


def _built(cluster: Cluster, profile: Profile, pending: tuple[Pod, ...], held: Mapping[str, str]) -> BuiltProblem:
    built = build_problem(cluster, profile, objective="nodes", pending=pending, staying=frozenset(held))
    return replace(built, problem=without_broken_rules(built.problem))


def _all_placeable(built: BuiltProblem) -> bool:
    solution = solve(built.problem, objective="priority", deterministic_limit=2.0)
    return all(level.value == there for level, there in zip(solution.levels, built.problem.rank_demand, strict=True))


def _question(
    cluster: Cluster, built: BuiltProblem, budgets: tuple[Allowance, ...], held: Mapping[str, str], pending: tuple[Pod, ...]
) -> Question:
    anchored: dict[str, str] = {}
    for pod, node in cluster.pods():
        if pod.key in held and node not in anchored:
            anchored[node] = f"{pod.key}: {held[pod.key]}"
    return Question(
        built=built,
        today=today_of(built.problem),
        budgets=budgets,
        pending=pending,
        anchored=tuple(sorted(anchored.items())),
        stays=tuple(replace(stay, reason=held.get(stay.pod.key, stay.reason)) for stay in built.stays),
    )


def _left_out(built: BuiltProblem, held: Mapping[str, str], waiting: tuple[Pod, ...]) -> tuple[Stays, ...]:
    known = {stay.pod.key for stay in built.stays}
    stays = [replace(stay, reason=held.get(stay.pod.key, stay.reason)) for stay in built.stays]
    stays += [Stays(pod, None, NO_ROOM) for pod in waiting if pod.key not in known]
    return tuple(sorted(stays, key=lambda stay: stay.pod.key))
