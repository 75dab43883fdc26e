"""The fewest nodes for the very pods that run at an instant: what every policy is compared with.

The question does not depend on who placed the pods, so that policies under which the same pods run share one answer. It is kept in the
results directory under the instance's digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.digest import digest_of
from benchmarks.results_dir import write_json
from binpack.framework.profile import Profile
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod, PodStatus
from binpack.optimal.build import build_problem
from binpack.optimal.optimize import optimize
from binpack.state.cluster import Cluster


@dataclass(frozen=True, slots=True)
class FewestNodes:
    """An answer.

    Parameters
    ----------
    nodes : int or None
        Of the best placement found, which an independent checker accepted; None if no placement of all pods was found.
    bound : int or None
        No placement of all these pods uses fewer.
    proof : str
        What the bound follows from.
    """

    nodes: int | None
    bound: int | None
    proof: str


def fewest_nodes(nodes: Iterable[Node], pods: Iterable[Pod], profile: Profile, *, deterministic_limit: float, cache: Path) -> FewestNodes:
    """Ask the solver, or the cache.

    Parameters
    ----------
    nodes : iterable of Node
    pods : iterable of Pod
        All of them have to be placed, wherever they are now.
    profile : Profile
        Whose filters say what is legal.
    deterministic_limit : float
        Of the solver; no clock ends it, so that the answer is the same on every machine.
    cache : Path
        A directory; written atomically, so that many processes can share it.
    """
    cluster = Cluster()
    for node in nodes:
        cluster.add_node(node)
    waiting = [_unplaced(pod) for pod in pods]
    if not waiting:
        return FewestNodes(0, 0, "no pods")
    instance = build_problem(cluster, profile, objective="nodes", pending=waiting).problem.digest()
    path = cache / f"{digest_of({'instance': instance, 'limit': deterministic_limit})[:32]}.json"
    if path.exists():
        return FewestNodes(**json.loads(path.read_text(encoding="utf-8")))
    found = optimize(cluster, profile, objective="nodes", pending=waiting, seed=0, deterministic_limit=deterministic_limit)
    level = found.solution.levels[-1]
    complete = found.best.left_out == 0 and level.name == "nodes"
    proof = "" if level.bound is None else level.bound.proof.source
    answer = FewestNodes(level.value if complete else None, level.proven if complete else None, proof)
    write_json(path, asdict(answer))
    return answer


def _unplaced(pod: Pod) -> Pod:
    """The pod as if it had just been created."""
    return replace(pod, spec=replace(pod.spec, node_name=""), status=PodStatus())
