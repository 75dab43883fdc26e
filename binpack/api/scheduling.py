"""Where pods go, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypedDict

import numpy as np

from binpack.api.reading import registry
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.resolution import ResolvedConfiguration
from binpack.model.base import replace
from binpack.model.kinds import KubernetesObject
from binpack.model.pod import Pod
from binpack.optimal.mobility import is_static
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.explain import explain_pod
from binpack.scheduler.explanation import Explanation
from binpack.scheduler.find import find_pod
from binpack.scheduler.placement import nominations, place_waiting
from binpack.scheduler.schedule import Schedule
from binpack.scheduler.snapshot import build_cluster, scheduler_of, waiting_pods
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.sim.streams import stream


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
    cycle = CachedCycle(build_cluster(everything), profiles, **_rules(rule, seed), preemption=preemption, kernels=False)
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
    cycle = SchedulingCycle(cluster, profiles, **_rules(rule, seed), preemption=preemption, score_single=True)
    cycle.nominated = nominations(other for other in waiting_pods(pods, profiles).pending if other.key != found.key)
    return explain_pod(cycle, unbound, ties=rule, present_node=present_node, notes=_notes(found, profiles))


def tie_rule(ties: Ties | str | None, configuration: ResolvedConfiguration | None) -> Ties:
    """Return the tie rule that is asked for, else the one that goes with the configuration: a given file means kube-scheduler."""
    if ties is not None:
        return Ties(ties)
    return Ties.FIRST if configuration is None else Ties.KUBE


class _Rules(TypedDict):
    tie_breaker: TieBreaker
    generator: np.random.Generator


def _rules(ties: Ties, seed: int) -> _Rules:
    return {"tie_breaker": TieBreaker(ties, stream(seed, "ties")), "generator": stream(seed, "scheduler")}


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
    if is_static(pod):
        notes.append("a static pod: its kubelet started it, and no scheduler places it")
    return tuple(notes)
