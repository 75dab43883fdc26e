"""The functions that cover most work; `import binpack` offers them by name.

Each joins several rooms: objects become a cluster, a configuration becomes profiles, and the answer is an object that prints itself
and has `to_pandas()`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration
from binpack.framework.resolution import read_configuration as read_with
from binpack.manifests import Paths, read_objects
from binpack.model.base import replace
from binpack.model.kinds import KubernetesObject
from binpack.model.objects import Objects
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.explain import explain_pod
from binpack.scheduler.explanation import Explanation
from binpack.scheduler.find import find_pod
from binpack.scheduler.placement import nominations, place_waiting
from binpack.scheduler.schedule import Schedule
from binpack.scheduler.snapshot import build_cluster, scheduler_of, waiting_pods
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.sim.streams import stream
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    from binpack.optimal.optimize import Optimum
    from binpack.optimal.solve import Objective
    from binpack.sim.run import Run

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"


def load(cluster: Paths, manifests: Paths = ()) -> Objects:
    """Read a cluster: a dump as `kubectl get -o json` writes it, manifests, or a directory of them.

    What was written by hand (a document of its own, without a uid) is validated and admitted, and Deployments, ReplicaSets and Jobs
    become pods. `binpack.model.load` reads without all that.

    Parameters
    ----------
    cluster : path or several
        Files (`.json`, `.yaml`, `.yml`, each also with `.gz`), directories, or `-` for standard input.
    manifests : path or several
        To be added to the cluster; all of it counts as written by hand.

    Warns
    -----
    UserWarning
        For workloads whose pods cannot be made.

    Raises
    ------
    ManifestError
        If something cannot be read, is given twice, or would be refused (one line a problem).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "cluster.yaml"
    >>> _ = file.write_text("{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 4}}}")
    >>> [node.metadata.name for node in load(file)]
    ['n1']
    """
    read = read_objects(cluster, manifests)
    for text in read.warnings:
        warnings.warn(text, stacklevel=2)
    return read.objects


def registry() -> Registry:
    """Return all plugins that are installed: kube-scheduler's, the research policies, and those of other packages."""
    return Registry(in_tree())


def read_configuration(path: str | Path) -> ResolvedConfiguration:
    """Read a KubeSchedulerConfiguration that may name any installed plugin.

    Parameters
    ----------
    path : str or Path
        YAML or JSON; `-` is standard input.

    Raises
    ------
    ConfigurationError
        One line a problem.
    """
    return read_with(path, registry())


def schedule(
    objects: Iterable[KubernetesObject],
    *,
    configuration: ResolvedConfiguration | None = None,
    ties: Ties | str | None = None,
    seed: int = 0,
    preemption: bool = False,
    evict: bool = False,
    tick: Callable[[str], None] | None = None,
) -> Schedule:
    """Place the waiting pods of a snapshot, in scheduling order, each committed before the next.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read.
    configuration : ResolvedConfiguration, optional
        kube-scheduler's default plugins over all nodes without one.
    ties : Ties or str, optional
        `first` without a configuration, `kube` with one.
    seed : int
        For ties and policies that draw.
    preemption : bool
        Say for pods that fit nowhere where preemption would make room, and at whose expense. Nothing is deleted.
    evict : bool
        With `preemption`: take the victims off and place the pod.
    tick : callable, optional
        Called with each pod's `namespace/name` once it is decided.

    Returns
    -------
    Schedule

    Raises
    ------
    ManifestError
        If there is no node.

    Examples
    --------
    >>> from binpack.testing import node, pod
    >>> result = schedule([node("n1").build(), node("n2").cordon().build(), pod("web").build()])
    >>> result.placed[0].node
    'n1'
    >>> print(result)
    1 waiting pod: 1 placed on 1 of 2 nodes.
    Ties: first. percentageOfNodesToScore: 100.
    """
    everything = tuple(objects)
    profiles = build_profiles(registry(), configuration)
    rule = tie_rule(ties, configuration)
    cycle = _cycle(build_cluster(everything), profiles, rule, seed, preemption=preemption)
    return place_waiting(cycle, waiting_pods(everything, profiles), ties=rule, evict=evict, tick=tick)


def explain(
    objects: Iterable[KubernetesObject],
    pod: str,
    *,
    namespace: str | None = None,
    configuration: ResolvedConfiguration | None = None,
    ties: Ties | str | None = None,
    seed: int = 0,
    preemption: bool = True,
) -> Explanation:
    """Explain where a pod would go in a snapshot as it stands; a bound pod is explained against the cluster without it.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        What `load` read.
    pod : str
        `namespace/name`, or a name that only one pod has.
    namespace : str, optional
        Look for the pod only there.
    configuration, ties, seed
        As for `schedule`.
    preemption : bool
        Find out what preemption would do for a pod that fits nowhere.

    Raises
    ------
    NotFoundError
        If no pod, or more than one, is called so.
    ManifestError
        If there is no node.

    Examples
    --------
    >>> from binpack.testing import node, pod
    >>> objects = [node("n1").cpu("1").build(), node("n2").cordon().build(), pod("web").request(cpu="2").build()]
    >>> explain(objects, "web", preemption=False).message
    '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.'
    """
    everything = tuple(objects)
    profiles = build_profiles(registry(), configuration)
    pods = [value for value in everything if isinstance(value, Pod)]
    found = find_pod(pods, pod, namespace=namespace)
    cluster = build_cluster(everything)
    present_node = found.spec.node_name or None
    if cluster.node_of(found.key) is not None:
        cluster.remove_pod(found.key)
    unbound = _unbound(found, profiles)
    rule = tie_rule(ties, configuration)
    cycle = _cycle(cluster, profiles, rule, seed, preemption=preemption, score_single=True)
    cycle.nominated = nominations(other for other in waiting_pods(pods, profiles).pending if other.key != found.key)
    return explain_pod(cycle, unbound, ties=rule, present_node=present_node, notes=_notes(found, profiles))


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


def simulate(scenario: str | Path, *, seed: int | None = None) -> Run:
    """Run a scenario file in virtual time: a cluster, manifests applied at virtual times, faults, a scheduler's configuration.

    Parameters
    ----------
    scenario : str or Path
        YAML; docs/reference/scenario.md describes it.
    seed : int, optional
        In place of the file's.

    Returns
    -------
    Run
        The event log, and the tables `pods`, `cluster` and `nodes`, each with `to_pandas()`. The same scenario and seed give the same
        bytes.

    Raises
    ------
    ConfigurationError
        One line a problem of the file.
    ManifestError
        If a file that it names is wrong.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "scenario.yaml"
    >>> _ = file.write_text('''
    ... apiVersion: binpack.dev/v1
    ... kind: Scenario
    ... duration: 1m
    ... cluster: {nodePools: [{name: general, count: 2, capacity: {cpu: 4, memory: 16Gi}}]}
    ... timeline:
    ...   - at: 10s
    ...     apply: [{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: main, image: web}]}}]
    ... ''')
    >>> run = simulate(file)
    >>> [(row.pod, row.node) for row in run.pod_rows]
    [('web', 'general-000')]
    """
    from binpack.sim.scenario import load_scenario, run_scenario

    loaded = load_scenario(scenario)
    return run_scenario(loaded if seed is None else loaded.with_seed(seed))


def tie_rule(ties: Ties | str | None, configuration: ResolvedConfiguration | None) -> Ties:
    """Return the tie rule that is asked for, else the one that goes with the configuration: a given file means kube-scheduler."""
    if ties is not None:
        return Ties(ties)
    return Ties.FIRST if configuration is None else Ties.KUBE


def _cycle(
    cluster: Cluster, profiles: dict[str, Profile], ties: Ties, seed: int, *, preemption: bool, score_single: bool = False
) -> SchedulingCycle:
    generators: list[np.random.Generator] = [stream(seed, "ties"), stream(seed, "scheduler")]
    return SchedulingCycle(
        cluster,
        profiles,
        tie_breaker=TieBreaker(ties, generators[0]),
        generator=generators[1],
        score_single=score_single,
        preemption=preemption,
    )


def _unbound(pod: Pod, profiles: dict[str, Profile]) -> Pod:
    """The pod as its scheduler saw it; one of a scheduler that is not known here is taken for one of the first profile's."""
    name = scheduler_of(pod)
    spec = replace(pod.spec, node_name="", scheduler_name=name if name in profiles else next(iter(profiles)))
    status = replace(pod.status, nominated_node_name="") if pod.spec.node_name else pod.status
    return replace(pod, spec=spec, status=status)


def _notes(pod: Pod, profiles: dict[str, Profile]) -> tuple[str, ...]:
    """What keeps a scheduler from ever deciding about this pod."""
    notes = []
    if scheduler_of(pod) not in profiles:
        notes.append(
            f'the pod names scheduler "{pod.spec.scheduler_name}", which the configuration does not have; this is what'
            f" {next(iter(profiles))} would do"
        )
    if pod.spec.scheduling_gates and not pod.spec.node_name:
        gates = ", ".join(gate.name for gate in pod.spec.scheduling_gates)
        notes.append(f"not tried as long as it has scheduling gates: {gates}")
    if pod.is_terminal:
        notes.append(f"the pod has ended ({pod.status.phase}) and takes no room")
    elif pod.is_terminating:
        notes.append("the pod is being deleted")
    if MIRROR_ANNOTATION in pod.metadata.annotations:
        notes.append("a static pod: its kubelet started it, and no scheduler places it")
    return tuple(notes)
