"""A migration plan: the fewest moves that free nodes, in an order and in waves that can be carried out, with its proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from binpack.errors import InfeasibleError
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.optimal.budget import Budget
from binpack.optimal.crowd import has_rules
from binpack.optimal.migration.certificate import moves_certificate
from binpack.optimal.migration.fewest import FewestMoves, fewest_moves
from binpack.optimal.migration.question import Question, ask, fewest_nodes
from binpack.optimal.migration.rehearsal import Step, first_violation
from binpack.optimal.migration.steps import steps_of
from binpack.optimal.migration.target import read_target
from binpack.optimal.mobility import Stays
from binpack.optimal.shortages import Shortage, shortages
from binpack.optimal.solution import Solution, Status
from binpack.optimal.solve import DEFAULT_DETERMINISTIC_LIMIT
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    import pandas as pd

MOST_ATTEMPTS = 4
PART_FOR_FEWEST_NODES = 0.4
HELD_BY_RULES = "held: its rules about other pods could not be kept on the way"


@dataclass(frozen=True)
class MigrationPlan:
    """The answer to `plan_moves`.

    Attributes
    ----------
    status : Status
        `OPTIMAL` where no plan to so few nodes has fewer moves, and that is proven; `INFEASIBLE` where so few nodes are proven not to
        do; `UNKNOWN` where no plan was found.
    target : int
        Nodes in use that were asked for, at most.
    nodes_before, nodes_after : int
        Nodes in use: those that hold more than DaemonSets' and static pods.
    moves : int or None
        Running pods that change their node, hops not counted; what the bound speaks of.
    bound : int or None
        No plan to so few nodes has fewer moves.
    hops : int
        Moves to a node that is not the pod's target, to make room.
    steps : tuple[Step, ...]
    freed : tuple[str, ...]
        Nodes that nothing but DaemonSets' and static pods is on any more.
    fewest : Solution or None
        The fewest nodes, where the target is a distance from them or no plan was found without; nodes that cannot be freed are not
        counted in it.
    anchored : tuple[tuple[str, str], ...]
        Nodes that cannot be freed, and why.
    stays : tuple[Stays, ...]
        Pods that are no part of the plan, and why.
    method : str
    reason : str
        Why there is no plan, or what is not in it.
    relaxed : tuple[str, ...]
        Rules that the bound does not know; the steps keep them.
    repeatable : bool
        False if a clock ended the search.
    seconds : float
    """

    status: Status
    target: int
    nodes_before: int
    nodes_after: int
    moves: int | None
    bound: int | None
    hops: int
    steps: tuple[Step, ...]
    freed: tuple[str, ...]
    fewest: Solution | None
    anchored: tuple[tuple[str, str], ...]
    stays: tuple[Stays, ...]
    method: str
    reason: str
    relaxed: tuple[str, ...]
    repeatable: bool
    seconds: float
    question: Question
    found: FewestMoves

    @property
    def gap(self) -> float | None:
        """(moves - bound) / moves; None without a plan or a bound."""
        if self.moves is None or self.bound is None:
            return None
        return (self.moves - self.bound) / self.moves if self.moves else 0.0

    @property
    def waves(self) -> int:
        """The number of waves."""
        return max((step.wave for step in self.steps), default=0)

    @property
    def shortages(self) -> tuple[Shortage, ...]:
        """Resources of which so few nodes offer too little, where sums show it."""
        return shortages(self.question.built.problem, nodes=max(0, self.target - len(self.anchored)))

    def certificate(self) -> dict[str, Any]:
        """The document that `binpack.optimal.verify_moves` checks, with the steps and who is in which class, by name."""
        document = moves_certificate(self.question.today, self.found, str(self.status), repeatable=self.repeatable)
        steps = [[step.wave, step.pod, step.origin, step.target] for step in self.steps]
        return {**document, "members": self.question.built.members(), "steps": steps}

    def rows(self) -> list[dict[str, Any]]:
        """The steps as plain data."""
        return [{"step": s.number, "wave": s.wave, "pod": s.pod, "from": s.origin, "to": s.target, "reason": s.reason} for s in self.steps]

    def table(self) -> pd.DataFrame:
        """The steps as a table with the columns step, wave, pod, from, to and reason."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=["step", "wave", "pod", "from", "to", "reason"])

    def document(self) -> dict[str, Any]:
        """The plan as plain data; times are left out, so that the same search gives the same bytes."""
        return {
            "objective": "moves",
            "status": str(self.status),
            "target": self.target,
            "nodesBefore": self.nodes_before,
            "nodesAfter": self.nodes_after,
            "moves": self.moves,
            "bound": self.bound,
            "gap": self.gap,
            "hops": self.hops,
            "waves": self.waves,
            "freed": list(self.freed),
            "steps": self.rows(),
            "anchored": [{"node": node, "reason": reason} for node, reason in self.anchored],
            "stays": [{"pod": stay.pod.key, "node": stay.node, "reason": stay.reason} for stay in self.stays],
            "method": self.method,
            "reason": self.reason or None,
            "relaxed": list(self.relaxed),
            "repeatable": self.repeatable,
        }

    def summary(self) -> str:
        """A few lines for a terminal."""
        lines = [f"{self.status}: moves to {self.target} nodes" + (f", {self.method}" if self.method else "")]
        if self.moves is not None:
            proven = "" if self.bound is None else f", proven >= {self.bound}"
            lines.append(f"  moves: {self.moves}" + (", no plan has fewer" if self.moves == self.bound else proven))
            lines.append(
                f"  nodes in use: {self.nodes_before} today, {self.nodes_after} after; {len(self.steps)} steps in {self.waves} waves"
            )
        if self.hops:
            lines.append(f"  {self.hops} of the steps are hops: the pod makes room and moves once more")
        lines.append(f"  {len(self.anchored)} nodes cannot be freed, {len(self.stays)} pods stay or are left out")
        lines += [f"  not in the bound: {rule}" for rule in self.relaxed]
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()


def plan_moves(
    cluster: Cluster,
    profile: Profile,
    *,
    target_nodes: str | int = "min+1",
    pending: Iterable[Pod] = (),
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    bare_pods_move: bool = False,
    stop: Callable[[], bool] | None = None,
) -> MigrationPlan:
    """Plan the fewest moves after which no more than so many nodes are in use.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
        Its filter plugins decide what is legal.
    target_nodes : int or str
        Nodes in use at most: a number, `min` (the fewest known to do) or `min+1` and so on. The last node often costs as many moves as
        many before it.
    pending : iterable of Pod
        Placed as well, as the last steps, if there is room for all of them.
    seed : int
    time_limit_s, deterministic_limit : float, optional
        For the search, without building and checking; 10 units of work if neither is given.
    bare_pods_move : bool
        Whether pods without a controller, which nothing recreates, may move.
    stop : callable, optional
        Asked now and then whether to end the search with the best so far.

    Raises
    ------
    ConfigurationError
        If `target_nodes` cannot be read.
    """
    wanted = read_target(target_nodes)
    waiting = tuple(pending)
    if time_limit_s is None and deterministic_limit is None:
        deterministic_limit = DEFAULT_DETERMINISTIC_LIMIT
    held: dict[str, str] = {}
    plan: MigrationPlan | None = None
    for attempt in range(MOST_ATTEMPTS):
        question = ask(cluster, profile, waiting, bare_pods_move=bare_pods_move, further=held)
        budget = Budget(deterministic_limit=deterministic_limit, time_limit_s=time_limit_s, stop=stop)
        target = None if wanted.above_fewest else wanted.number
        plan = _planned(question, target, wanted.number, budget, seed)
        broken = first_violation(cluster, waiting, plan.steps)
        if broken is None:
            return plan
        held |= _to_hold(question, broken[0], everything=attempt == MOST_ATTEMPTS - 2)
    assert plan is not None
    return replace(plan, status=Status.UNKNOWN, steps=(), moves=None, nodes_after=plan.nodes_before, freed=(), hops=0, reason=HELD_BY_RULES)


def _planned(question: Question, target: int | None, extra: int, budget: Budget, seed: int) -> MigrationPlan:
    anchored = len(question.anchored)
    fewest = None
    if target is None:
        fewest = fewest_nodes(question, budget.slice(PART_FOR_FEWEST_NODES), seed)
        if not isinstance(fewest.objective, int):
            raise InfeasibleError(f"the pods do not fit on the nodes even as they are: {fewest.reason}")
        target = fewest.objective + anchored + extra
    paid = max(0, target - anchored)
    known = fewest.fills if fewest is not None else ()
    found = fewest_moves(question.today, paid, budget, seed, known=known)
    if found.packing is None and not found.impossible and fewest is None:
        fewest = fewest_nodes(question, budget.slice(PART_FOR_FEWEST_NODES), seed)
        found = fewest_moves(question.today, paid, budget, seed, known=fewest.fills)
    return _answer(question, target, found, fewest, budget)


def _answer(question: Question, target: int, found: FewestMoves, fewest: Solution | None, budget: Budget) -> MigrationPlan:
    today, anchored = question.today, len(question.anchored)
    bound = None if found.bound is None else found.bound.value
    impossible = found.impossible or target < anchored
    steps, stuck = ((), ()) if found.packing is None or target < anchored else steps_of(question, found.packing)
    complete = found.packing is not None and not stuck and target >= anchored
    names = question.node_names()
    moves = today.moved(found.packing.held) if complete and found.packing is not None else None
    used = found.packing.used if complete and found.packing is not None else today.pods > 0
    status = Status.OPTIMAL if moves is not None and moves == bound else Status.FEASIBLE
    if not complete:
        status = Status.INFEASIBLE if impossible else Status.UNKNOWN
    return MigrationPlan(
        status=status,
        target=target,
        nodes_before=question.in_use,
        nodes_after=anchored + int((used & today.paid).sum()),
        moves=moves,
        bound=bound,
        hops=sum(step.reason.startswith("hop") for step in steps) if complete else 0,
        steps=steps if complete else (),
        freed=tuple(sorted(names[n] for n in range(len(names)) if today.paid[n] and today.pods[n] and not used[n])) if complete else (),
        fewest=fewest,
        anchored=question.anchored,
        stays=question.stays,
        method=found.method,
        reason=_reason(question, target, found, fewest, stuck),
        relaxed=question.built.problem.relaxed,
        repeatable=budget.repeatable,
        seconds=budget.seconds,
        question=question,
        found=found,
    )


def _reason(question: Question, target: int, found: FewestMoves, fewest: Solution | None, stuck: tuple[str, ...]) -> str:
    if target < len(question.anchored):
        node, why = question.anchored[0]
        return f"{len(question.anchored)} nodes cannot be freed, {target} were asked for; one is {node} ({why})"
    if found.impossible and found.bound is not None:
        nodes = "1 node" if target == 1 else f"{target} nodes"
        return f"{nodes} cannot hold the pods ({found.bound.proof.source})"
    if stuck:
        return f"no order was found in which these pods reach their targets: {', '.join(stuck[:5])}"
    if found.packing is None:
        least = "" if fewest is None else f"; the fewest that was found is {len(question.anchored) + sum(f.nodes for f in fewest.fills)}"
        return f"no placement on {target} nodes was found{least}"
    return ""


def _to_hold(question: Question, step: Step, *, everything: bool) -> dict[str, str]:
    """The pods to hold in the next attempt: those of the class that could not be placed, at last all that have rules about others."""
    members = [item.pod for pods in question.built.pods for item in pods if item.node is not None]
    if everything:
        return {pod.key: HELD_BY_RULES for pod in members if has_rules(pod)} | {step.pod: HELD_BY_RULES}
    for pods in question.built.pods:
        if any(item.pod.key == step.pod for item in pods):
            return {item.pod.key: HELD_BY_RULES for item in pods if item.node is not None}
    return {step.pod: HELD_BY_RULES}
