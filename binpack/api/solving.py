"""How good a placement could be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from binpack.api.reading import registry
from binpack.api.scheduling import schedule
from binpack.errors import NotFoundError
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.resolution import ResolvedConfiguration
from binpack.model.base import encoded, replace
from binpack.model.kinds import KubernetesObject
from binpack.model.pod import Pod
from binpack.results.name_list import name_list
from binpack.scheduler.find import find_pod
from binpack.scheduler.snapshot import Waiting, build_cluster, waiting_pods
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    from binpack.optimal.evictions import Evictions
    from binpack.optimal.migration.curve import MovesCurve
    from binpack.optimal.migration.plan import MigrationPlan
    from binpack.optimal.optimize import Compared, Optimum
    from binpack.optimal.progress import Listener
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
    gap: float = 0.0,
    bare_pods_stay: bool = False,
    resource: str | None = None,
    must_place: Callable[[Pod], bool] | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> Optimum:
    """Find the best placement of a snapshot's pods, and prove how good any placement could be.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read.
    objective : "nodes", "cost", "priority" or "resource"
        Fewest nodes, or lowest cost, for all pods that may move and all that wait; most pods placed, highest priority first; or most of
        one resource allocated.
    prices : mapping from instance type to price, optional
        For `cost`.
    configuration : ResolvedConfiguration, optional
        Its first profile's filter plugins decide what is legal.
    seed : int
    time_limit_s : float, optional
        Seconds for the solver. A search that the clock ends may end elsewhere next time.
    deterministic_limit : float, optional
        Work for the solver, the same on every machine; 10 if no limit is given.
    gap : float
        Good enough: a fraction at which the search ends. 0 asks for the optimum.
    bare_pods_stay : bool
        Leave running pods without a controller where they are.
    resource : str, optional
        For `resource`: cpu, memory, ephemeral-storage, pods or an extended resource. Running pods keep a place, those that wait are chosen
        from.
    must_place : callable, optional
        For `resource`: whether a pod that waits has to be placed, too.
    listener : callable, optional
        Told of each better placement and bound (`binpack.optimal.progress.Progress`), as they come.
    stop : callable, optional
        Asked often whether to end now with the best so far. Ctrl-C does the same.

    Returns
    -------
    Optimum
        With `answer`, what the checked certificate proves, and `certificate()`, the document that `verify` checks.

    Raises
    ------
    ManifestError
        If there is no node.
    ConfigurationError
        If prices are missing or wrong, or no node and no pod knows the resource.

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

    cluster, profile, waiting = _snapshot(objects, configuration)
    return find_best(
        cluster,
        profile,
        objective=objective,
        pending=(*waiting.pending, *waiting.gated),
        prices=prices,
        seed=seed,
        time_limit_s=time_limit_s,
        deterministic_limit=deterministic_limit,
        gap=gap,
        bare_pods_stay=bare_pods_stay,
        resource=resource,
        must_place=must_place,
        listener=listener,
        stop=stop,
    )


def plan_moves(
    objects: Iterable[KubernetesObject],
    *,
    target_nodes: str | int = "min+1",
    configuration: ResolvedConfiguration | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    bare_pods_move: bool = False,
    stop: Callable[[], bool] | None = None,
) -> MigrationPlan:
    """Plan the fewest moves after which no more than so many nodes of a snapshot are in use.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read; with PodDisruptionBudgets, which the waves respect.
    target_nodes : int or str
        Nodes in use at most: a number, `min` (the fewest known to do) or `min+1` and so on.
    configuration, seed, time_limit_s, deterministic_limit, stop
        As for `optimize`.
    bare_pods_move : bool
        Whether pods without a controller, which nothing recreates, may move.

    Raises
    ------
    ManifestError
        If there is no node.
    ConfigurationError
        If `target_nodes` cannot be read.
    """
    from binpack.optimal.migration.plan import plan_moves as plan

    cluster, profile, waiting = _snapshot(objects, configuration)
    return plan(
        cluster,
        profile,
        target_nodes=target_nodes,
        pending=waiting.pending,
        seed=seed,
        time_limit_s=time_limit_s,
        deterministic_limit=deterministic_limit,
        bare_pods_move=bare_pods_move,
        stop=stop,
    )


def moves_curve(
    objects: Iterable[KubernetesObject],
    *,
    points: int = 20,
    configuration: ResolvedConfiguration | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    bare_pods_move: bool = False,
    stop: Callable[[], bool] | None = None,
) -> MovesCurve:
    """Find what each freed node of a snapshot costs: the fewest moves to each number of nodes, with a bound.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read; with PodDisruptionBudgets: a pod that none lets go holds its node.
    points : int
        Most numbers of nodes, at least 2.
    configuration, seed, time_limit_s, deterministic_limit, bare_pods_move, stop
        As for `plan_moves`; the limits are for the whole curve.

    Raises
    ------
    ManifestError
        If there is no node.
    """
    from binpack.optimal.migration.curve import moves_curve as curve

    cluster, profile, waiting = _snapshot(objects, configuration)
    return curve(
        cluster,
        profile,
        pending=waiting.pending,
        points=points,
        seed=seed,
        time_limit_s=time_limit_s,
        deterministic_limit=deterministic_limit,
        bare_pods_move=bare_pods_move,
        stop=stop,
    )


def fewest_evictions(
    objects: Iterable[KubernetesObject],
    *,
    pods: Collection[str] | None = None,
    configuration: ResolvedConfiguration | None = None,
    stop: Callable[[], bool] | None = None,
    tick: Callable[[str], None] | None = None,
) -> tuple[Evictions, ...]:
    """Find for pods that wait the smallest set of evictions on one node that lets each of them fit, one pod at a time.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read; with PodDisruptionBudgets, which are spared.
    pods : collection of str, optional
        `namespace/name`, or a name that is there once. All that wait for one of the profiles if it is left out.
    configuration : ResolvedConfiguration, optional
        The profile that a pod names decides what fits.
    stop : callable, optional
        Asked now and then whether to end with the best so far.
    tick : callable, optional
        Told the name of each pod that is done.

    Returns
    -------
    tuple of Evictions
        Each as if its pod were the only one that waits.

    Raises
    ------
    ManifestError
        If there is no node.
    NotFoundError
        If there is no such pod, or it does not wait.

    Examples
    --------
    >>> from binpack.testing import node, pod
    >>> held = [pod(name).request(cpu=cpu).on("n") for name, cpu in (("a", "1"), ("b", "1"), ("c", "2"))]
    >>> waits = pod("new").request(cpu="2").priority(9)
    >>> (found,) = fewest_evictions([one.build() for one in (node("n").cpu("4"), *held, waits)])
    >>> [victim.key for victim in found.best.pods], str(found.answer.status)
    (['default/c'], 'optimal')
    """
    from binpack.optimal.evictions import fewest_evictions as find_fewest

    everything = tuple(objects)
    profiles = build_profiles(registry(), configuration)
    waiting = waiting_pods(everything, profiles)
    wanted: tuple[Pod, ...] = (*waiting.pending, *waiting.gated)
    if pods is not None:
        wanted = _named(pods, wanted, everything)
    cluster = build_cluster(everything)
    answers: list[Evictions] = []
    alike: dict[bytes, Evictions] = {}
    for pod in wanted:
        # Replicas differ in their names alone, and each is asked about as if the others were not there.
        kind = encoded((pod.metadata.namespace, sorted(pod.metadata.labels.items()), pod.spec, pod.status.nominated_node_name))
        answer = alike[kind] if kind in alike else alike.setdefault(kind, find_fewest(cluster, profiles, pod, stop=stop))
        answers.append(answer if answer.pod is pod else dataclasses.replace(answer, pod=pod))
        if tick is not None:
            tick(pod.key)
    return tuple(answers)


def _named(names: Collection[str], waiting: tuple[Pod, ...], everything: tuple[KubernetesObject, ...]) -> tuple[Pod, ...]:
    """Return the pods of these names, each once; all of them have to wait."""
    there = {pod.key: pod for pod in waiting}
    all_pods = [each for each in everything if isinstance(each, Pod)]
    found = [find_pod(all_pods, name) for name in names]
    for pod in found:
        if pod.key not in there:
            why = f"is on node {pod.spec.node_name}" if pod.spec.node_name else "waits for no scheduler that is known here, or has ended"
            raise NotFoundError(f'pod "{pod.key}" {why} (accepted: a pod that waits: {name_list(there, width=200) or "there is none"})')
    return tuple(there[key] for key in dict.fromkeys(pod.key for pod in found))


def compare_schedulers(
    objects: Iterable[KubernetesObject],
    best: Optimum,
    configurations: Mapping[str, ResolvedConfiguration | None],
    *,
    seed: int = 0,
) -> tuple[Compared, ...]:
    """Let schedulers place the same pods anew, all of them waiting, and measure each against the bound of an optimum.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        The cluster of which `best` is the optimum.
    best : Optimum
    configurations : mapping from name to ResolvedConfiguration
        None stands for the default plugins over all nodes.
    seed : int
        For ties and policies that draw.
    """
    movable = {item.pod.key for members in best.built.pods for item in members}
    waiting = [_waiting(each) if isinstance(each, Pod) and each.key in movable else each for each in objects]
    compared = []
    for name, configuration in configurations.items():
        placed = schedule(waiting, configuration=configuration, seed=seed).placed
        compared.append(
            best.compare(name, {each.pod.key: each.node for each in placed if each.node is not None and each.pod.key in movable})
        )
    return tuple(compared)


def _waiting(pod: Pod) -> Pod:
    return replace(pod, spec=replace(pod.spec, node_name=""), status=replace(pod.status, phase="Pending"))


def _snapshot(
    objects: Iterable[KubernetesObject], configuration: ResolvedConfiguration | None
) -> tuple[Cluster, Profile, Waiting]:  # fmt: skip
    """Return the cluster that some objects make, the first profile, and the pods that wait."""
    everything = tuple(objects)
    profiles = build_profiles(registry(), configuration)
    waiting = waiting_pods(everything, profiles)
    return build_cluster(everything), next(iter(profiles.values())), waiting
