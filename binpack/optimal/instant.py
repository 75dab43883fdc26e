"""The fewest nodes for the very pods that run at one instant: what a scheduler's use of nodes is compared with.

Only the pods and nodes count, not where the pods are, so that policies which run the same pods share the answer: it is kept by the
instance's digest. The work is limited deterministically, hence the answer is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from binpack.framework.profile import Profile
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.optimal.acceptance import rejections
from binpack.optimal.assignment import assign
from binpack.optimal.bound_cache import BoundCache
from binpack.optimal.bounds import best, clique_bound, pooled_bound, sum_bounds
from binpack.optimal.build import BuiltProblem, build_problem
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill
from binpack.optimal.solve import solve
from binpack.state.cluster import Cluster
from binpack.version import __version__

DEFAULT_DETERMINISTIC_LIMIT = 1.0


@dataclass(frozen=True)
class FewestNodes:
    """The answer for one instant.

    Attributes
    ----------
    bound : int
        No placement of these pods uses fewer nodes; proven.
    nodes : int or None
        Nodes of the best placement found that is legal; None if none was found within the limit.
    proof : str
        How the bound was proven.
    method : str
        What found the placement.
    digest : str
        Of the instance.
    relaxed : tuple[str, ...]
        Rules that the bound does not know.
    pods : int
        Pods that were placed anew: those of DaemonSets and the like stay, and their nodes count as free.
    cached : bool
    """

    bound: int
    nodes: int | None
    proof: str
    method: str
    digest: str
    relaxed: tuple[str, ...]
    pods: int
    cached: bool = False

    @property
    def optimal(self) -> bool:
        """Whether the placement found is proven to be the best."""
        return self.nodes == self.bound


def fewest_nodes(
    nodes: Iterable[Node],
    pods: Iterable[Pod],
    profile: Profile,
    *,
    objects: Iterable[Any] = (),
    deterministic_limit: float = DEFAULT_DETERMINISTIC_LIMIT,
    seed: int = 0,
    cache: BoundCache | None = None,
) -> FewestNodes:
    """Find the fewest nodes that hold the given running pods.

    Parameters
    ----------
    nodes : iterable of Node
    pods : iterable of Pod
        With `spec.nodeName`; ended ones and those without a node are left out.
    profile : Profile
        Whose filter plugins decide what is legal.
    objects : iterable, optional
        Namespaces, volumes and other objects that plugins ask for.
    deterministic_limit : float
        Work of the solver; about a second of one core is 1.
    seed : int
    cache : BoundCache, optional
        Where answers are kept.
    """
    cluster = Cluster()
    for node in sorted(nodes, key=lambda node: node.name):
        cluster.add_node(node)
    for value in objects:
        cluster.put(value)
    for pod in sorted(pods, key=lambda pod: pod.key):
        if pod.spec.node_name and not pod.is_terminal and cluster.row_of(pod.spec.node_name) is not None:
            cluster.add_pod(pod, pod.spec.node_name)
    return fewest_nodes_of(cluster, profile, deterministic_limit=deterministic_limit, seed=seed, cache=cache)


def fewest_nodes_of(
    cluster: Cluster,
    profile: Profile,
    *,
    deterministic_limit: float = DEFAULT_DETERMINISTIC_LIMIT,
    seed: int = 0,
    cache: BoundCache | None = None,
) -> FewestNodes:
    """Find the fewest nodes that hold the pods of a cluster, see `fewest_nodes`. The cluster is left as it was."""
    built = build_problem(cluster, profile, objective="nodes")
    problem = _anonymous(built.problem)
    if problem.pod_classes == 0:
        return FewestNodes(0, 0, "no pods", "nothing to place", problem.digest(), problem.relaxed, 0)
    key = {"digest": problem.digest(), "deterministicLimit": deterministic_limit, "seed": seed, "version": __version__}
    entry = None if cache is None else cache.get(key)
    known = None if entry is None else _read(entry)
    if known is None:
        known = _solved(problem, deterministic_limit, seed)
        if cache is not None:
            cache.put(key, {**asdict(known), "fills": [asdict(fill) for fill in known.fills]})
    accepted = not built.problem.relaxed or not _rejected(cluster, built, known.fills)
    return FewestNodes(
        bound=known.bound,
        nodes=known.nodes if accepted else None,
        proof=known.proof,
        method=known.method,
        digest=problem.digest(),
        relaxed=built.problem.relaxed,
        pods=problem.pods,
        cached=entry is not None,
    )


@dataclass(frozen=True)
class _Known:
    """What is kept of an instance, whoever asked."""

    bound: int
    nodes: int | None
    proof: str
    method: str
    fills: tuple[Fill, ...]


def _anonymous(problem: PackingProblem) -> PackingProblem:
    """The instance without what depends on the placement that was: every pod has to be placed, and none is anywhere."""
    return replace(
        problem,
        tier=np.zeros(problem.pod_classes, np.int64),
        must_place=np.zeros(problem.pod_classes, bool),
        present=np.zeros((0, 4), np.int64),
        tier_names=(),
    )


def _solved(problem: PackingProblem, deterministic_limit: float, seed: int) -> _Known:
    solution = solve(problem, objective="nodes", seed=seed, deterministic_limit=deterministic_limit)
    if len(solution.levels) == 1:
        level = solution.levels[0]
        assert level.bound is not None, "a minimum has at least the sum bound"
        return _Known(level.proven or 0, level.value, level.bound.proof.source, solution.method, solution.fills)
    return _bound_alone(problem)


def _bound_alone(problem: PackingProblem) -> _Known:
    """No placement of all pods was found: the cheap bounds for all of them stand."""
    relaxed = replace(problem, spreads=(), caps=())
    required = problem.rank_demand
    bounds = [*sum_bounds(relaxed, required), clique_bound(relaxed, required)]
    pooled = pooled_bound(relaxed, required)
    strongest = best([*bounds, pooled] if pooled is not None else bounds, maximise=False)
    return _Known(problem.nodes if strongest.value is None else strongest.value, None, strongest.proof.source, "none found", ())


def _rejected(cluster: Cluster, built: BuiltProblem, fills: tuple[Fill, ...]) -> list[str]:
    pods = {item.pod.key: item.pod for members in built.pods for item in members}
    today = {item.pod.key: item.node for members in built.pods for item in members if item.node is not None}
    stays = [(item.pod, item.node) for item in built.stays if item.node is not None]
    return rejections(cluster, stays, pods, assign(built, fills), today)


def _read(entry: dict[str, Any]) -> _Known | None:
    """An entry of the cache; None if it is not what is written today."""
    try:
        fills = tuple(Fill(f["node_class"], f["nodes"], tuple((i, n) for i, n in f["pods"])) for f in entry["fills"])
        return _Known(int(entry["bound"]), entry["nodes"], str(entry["proof"]), str(entry["method"]), fills)
    except (KeyError, TypeError, ValueError):
        return None
