"""How good a placement could be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from binpack.api.reading import registry
from binpack.framework.profile import build_profiles
from binpack.framework.resolution import ResolvedConfiguration
from binpack.model.kinds import KubernetesObject
from binpack.scheduler.snapshot import build_cluster, waiting_pods

if TYPE_CHECKING:
    from binpack.optimal.optimize import Optimum
    from binpack.optimal.solve import Objective


def optimize(
    objects: Iterable[KubernetesObject],
    *,
    objective: Objective = "nodes",
    prices: Mapping[str, float | str] | None = None,
    configuration: ResolvedConfiguration | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    bare_pods_stay: bool = False,
) -> Optimum:
    """Find the best placement of a snapshot's pods, and prove how good any placement could be.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read.
    objective : "nodes", "cost" or "priority"
        Fewest nodes, or lowest cost, for all pods that may move and all that wait; or most pods placed, highest priority first.
    prices : mapping from instance type to price, optional
        For `cost`.
    configuration : ResolvedConfiguration, optional
        Its first profile's filter plugins decide what is legal.
    seed : int
    time_limit_s : float, optional
        Seconds for the solver. A search that the clock ends may end elsewhere next time.
    deterministic_limit : float, optional
        Work for the solver, the same on every machine; 10 if no limit is given.
    bare_pods_stay : bool
        Leave running pods without a controller where they are.

    Returns
    -------
    Optimum
        With `certificate()`, a document that `verify` checks.

    Raises
    ------
    ManifestError
        If there is no node.
    ConfigurationError
        If prices are missing or wrong.

    Examples
    --------
    >>> from binpack.testing import node, pod
    >>> nodes = [node(f"n{i}").cpu("4").build() for i in range(3)]
    >>> pods = [pod(f"p{i}").request(cpu="2").on(f"n{i}").build() for i in range(3)]
    >>> answer = optimize([*nodes, *pods])
    >>> answer.today.nodes, answer.best.nodes, str(answer.solution.status)
    (3, 2, 'optimal')
    """
    from binpack.optimal.optimize import optimize as find_best

    everything = tuple(objects)
    profiles = build_profiles(registry(), configuration)
    waiting = waiting_pods(everything, profiles)
    return find_best(
        build_cluster(everything),
        next(iter(profiles.values())),
        objective=objective,
        pending=(*waiting.pending, *waiting.gated),
        prices=prices,
        seed=seed,
        time_limit_s=time_limit_s,
        deterministic_limit=deterministic_limit,
        bare_pods_stay=bare_pods_stay,
    )
