"""The simulation: a cluster with its control plane in virtual time.

A run is a pure function of its cluster, timeline, configuration and seed. All of it, with queues, memories, timers and random streams,
is one value: it can be copied in mid-run, and both copies go on alike until something different happens to them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import cast

from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.control.controller import Controller
from binpack.control.controller_manager import ALL_CONTROLLERS, start
from binpack.control.controllers.garbage_collector import remember_absent_owners
from binpack.control.controllers.revisions import missing_revisions
from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.kubelet import Kubelets
from binpack.control.node.timings import KubeletTimings
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.control.scheduling import Scheduler
from binpack.control.throttling import ThrottledClient
from binpack.control.workqueue import Throttle
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration
from binpack.model.kinds import KubernetesObject
from binpack.model.meta import ObjectMeta
from binpack.model.node import Node
from binpack.model.policy import Namespace
from binpack.plugins import in_tree
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.sim.components import carry_out_on_components
from binpack.sim.drain import DrainProgress
from binpack.sim.engine import Engine, Handler
from binpack.sim.external import carry_out, check_annotations
from binpack.sim.garbage import young_collections_only
from binpack.sim.recorder import Recorder
from binpack.sim.run import Run
from binpack.sim.samples import Sample, take_sample
from binpack.sim.streams import Streams
from binpack.sim.timeline import Component, ComponentEvent, Drain, TimelineEvent
from binpack.units import US_PER_S

_EXTERNAL, _SETTLE, _SAMPLE = 0, 10, 20


class Simulation:
    """A cluster in virtual time.

    Parameters
    ----------
    profiles : Mapping[str, Profile]
        What the scheduler runs, by scheduler name.
    seed : int
    ties : Ties
        How the scheduler decides between equal totals.
    timings : KubeletTimings, optional
        How long what kubelets do takes.
    keeps_log : bool
        False to keep no event log, only tables and samples.
    strict : bool
        True to end the run with a ControllerError when a controller raises an exception, instead of retrying its key and counting it.
    client_throttling : mapping from component to Throttle
        How many requests `kube-controller-manager` (each of its controllers) and `kube-scheduler` make; no limit for what is not there.
    kubelet : KubeletConfiguration, optional
        Of all nodes; Kubernetes' defaults without it.
    controllers : tuple of types
        Which ones run.
    kernels : bool or None
        Whether the scheduler decides with compiled kernels; None: if numba is installed. The run is the same.

    Attributes
    ----------
    store : Store
    plane : ControlPlane
    streams : Streams
        The run's randomness.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        *,
        seed: int,
        ties: Ties = Ties.FIRST,
        timings: KubeletTimings | None = None,
        keeps_log: bool = True,
        strict: bool = False,
        client_throttling: Mapping[Component, Throttle] | None = None,
        kubelet: KubeletConfiguration | None = None,
        controllers: tuple[type[Controller], ...] = ALL_CONTROLLERS,
        kernels: bool | None = None,
    ) -> None:
        self.streams = Streams(seed)
        self.ties = Ties(ties)
        self._clock = Clock()
        self._engine = Engine(self._clock)
        self.store = Store(self._clock, Identities(self.streams.named("apiserver")))
        sink = EventSink()
        self.kubelets = Kubelets(self.store, sink, timings, kubelet)
        throttles = client_throttling or {}
        throttle = throttles.get("kube-scheduler")
        self.scheduler = Scheduler(
            self.store,
            sink,
            profiles,
            tie_breaker=TieBreaker(self.ties, self.streams.named("ties")),
            generator=self.streams.named("policy"),
            kernels=kernels,
            is_throttled=throttle is not None,
        )
        self._recorder = Recorder(self.store, sink, keeps_log=keeps_log)
        self._controllers = start(controllers, self.store, sink, strict=strict, throttle=throttles.get("kube-controller-manager"))
        scheduler = self.scheduler if throttle is None else ThrottledClient(self.scheduler, self.store, throttle)
        self.plane = ControlPlane(self.store, (self._recorder, self.kubelets, *self._controllers, scheduler))
        self._timeline: list[TimelineEvent] = []
        self._drains: list[DrainProgress] = []
        self._samples: list[Sample] = []
        self._settles_at_us: int | None = None

    @property
    def now_us(self) -> int:
        """Virtual time in microseconds."""
        return self._engine.now_us

    # Input

    def load(self, objects: Iterable[KubernetesObject]) -> None:
        """Put a cluster there as it is, at the present instant: its objects keep their status and are not admitted again.

        Namespaces that are named and not given are made.

        Raises
        ------
        ManifestError
            If a workload model's annotation cannot be understood.
        ApiError
            If a name or uid is there twice.
        """
        given = list(objects)
        for value in given:
            check_annotations(value)
        present = {value.metadata.name for value in given if isinstance(value, Namespace)}
        named = dict.fromkeys(value.metadata.namespace for value in given if value.metadata.namespace)
        for name in named:
            if name not in present and self.store.find(Namespace, name) is None:
                self.store.load(Namespace(metadata=ObjectMeta(name=name)))
        for value in sorted(given, key=lambda one: not isinstance(one, Node)):
            self.store.load(value)
        for revision in missing_revisions(self.store):
            self.store.load(revision)
        for runtime in self._controllers:
            remember_absent_owners(runtime.memory, cast("list[ApiObject]", given), self.store)
        self._plan_settling(self.now_us)

    def extend(self, events: Iterable[TimelineEvent]) -> None:
        """Add events to the timeline; those of one time happen in the order given, after events that were added before.

        Raises
        ------
        ValueError
            If one of them lies in the past.
        """
        for event in sorted(events, key=lambda one: one.time_us):
            self._engine.schedule(event.time_us, "external", (len(self._timeline),), priority=_EXTERNAL)
            self._timeline.append(event)

    def sample_at(self, times_us: Iterable[int]) -> None:
        """Take a sample at each of these times, after everything that happens then."""
        for time_us in times_us:
            self._engine.schedule(time_us, "sample", priority=_SAMPLE)

    # Running

    def run(self, *, until_us: int) -> Run:
        """Go on to a time, everything that happens then included, and return what there is so far."""
        with young_collections_only():
            self._engine.run(self._handlers(), until_us=until_us)
        return self.result()

    def result(self) -> Run:
        """Return what there is so far."""
        self._recorder.finish()
        recorder = self._recorder
        return Run(
            until_us=self.now_us,
            header={"seed": self.streams.seed, "ties": str(self.ties), "untilUs": self.now_us},
            events=tuple(recorder.log),
            pod_rows=tuple(recorder.pods.values()),
            series=tuple(recorder.series),
            samples=tuple(self._samples),
            counters=self._counters(),
            breakdowns=self._breakdowns(),
        )

    def branch(self) -> Simulation:
        """Copy the whole run; the copy goes on by itself. A copy that is left alone gives the same bytes as the original."""
        return cast(Simulation, pickle.loads(self.save()))

    def save(self) -> bytes:
        """Return the whole run as bytes, for `Simulation.restore`, here or in another process."""
        return pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def restore(saved: bytes) -> Simulation:
        """Return a run that was saved. Load only what you have saved yourself: this is Python's pickle."""
        return cast(Simulation, pickle.loads(saved))

    # Handlers

    def _handlers(self) -> dict[str, Handler]:
        return {"external": self._on_external, "drain": self._on_drain, "settle": self._on_settle, "sample": self._on_sample}

    def _on_external(self, index: int) -> None:
        event = self._timeline[index]
        if isinstance(event, Drain):
            self._drains.append(DrainProgress(event))
            self._on_drain(len(self._drains) - 1)
            return
        if isinstance(event, ComponentEvent):
            carry_out_on_components(event, self.plane)
        else:
            carry_out(event, self.store, self.kubelets)
        self._plan_settling(self.now_us)

    def _on_drain(self, index: int) -> None:
        next_us = self._drains[index].advance(self.store)
        if next_us is not None:
            self._engine.schedule(next_us, "drain", (index,), priority=_EXTERNAL)
        self._plan_settling(self.now_us)

    def _on_settle(self) -> None:
        if self._settles_at_us == self.now_us:
            self._settles_at_us = None
        self.plane.refresh()
        self.plane.settle()
        wake_us = self.plane.next_wake_us
        if wake_us is not None:
            self._plan_settling(wake_us)

    def _on_sample(self) -> None:
        self._samples.append(take_sample(self.store))

    def _plan_settling(self, time_us: int) -> None:
        """Let the control plane act at a time, unless it does so before anyway."""
        if self._settles_at_us is None or time_us < self._settles_at_us:
            self._settles_at_us = time_us
            self._engine.schedule(time_us, "settle", priority=_SETTLE)

    def _breakdowns(self) -> tuple[str, ...]:
        return tuple(
            f"{runtime.name} raised {one.message} {one.count} times, first at {one.time_us / US_PER_S:g} s over {one.key}"
            for runtime in self._controllers
            for one in runtime.breakdowns.values()
        )

    def _counters(self) -> dict[str, int]:
        counters = {"engine_events": self._engine.handled, "client_steps": self.plane.steps, "writes": self.store.revision}
        if self._drains:
            for name in ("evicted", "refused", "timed_out"):
                counters[f"drain_{name}"] = sum(getattr(one, name) for one in self._drains)
        counters |= {f"scheduler_{name}": number for name, number in asdict(self.scheduler.counters).items()}
        for runtime in self._controllers:
            counters[f"{runtime.name}_syncs"] = runtime.syncs
            counters[f"{runtime.name}_failures"] = runtime.failures
            counters[f"{runtime.name}_exceptions"] = sum(one.count for one in runtime.breakdowns.values())
        return counters


def simulate(
    nodes: Iterable[Node],
    events: Iterable[TimelineEvent],
    *,
    configuration: ResolvedConfiguration | None = None,
    seed: int,
    until_us: int,
    ties: Ties = Ties.FIRST,
    sample_at_us: Sequence[int] = (),
    objects: Iterable[KubernetesObject] = (),
    registry: Registry | None = None,
    timings: KubeletTimings | None = None,
    keeps_log: bool = True,
    strict: bool = False,
    client_throttling: Mapping[Component, Throttle] | None = None,
    kubelet: KubeletConfiguration | None = None,
    controllers: tuple[type[Controller], ...] = ALL_CONTROLLERS,
) -> Run:
    """Run a timeline over a cluster, from the time 0.

    Parameters
    ----------
    nodes : iterable of Node
        There from the start. One without the condition Ready is taken to be Ready.
    events : iterable of TimelineEvent
        What happens from outside.
    configuration : ResolvedConfiguration, optional
        Of the scheduler; kube-scheduler's default profile, scoring all nodes, without one.
    seed : int
        Not negative. The same inputs and seed give the same bytes.
    until_us : int
        Where to stop, microseconds of virtual time; what happens then is part of the run.
    ties : Ties
    sample_at_us : sequence of int
        When to take samples.
    objects : iterable of objects
        What else is there from the start, pods included.
    registry : Registry, optional
        The plugins at hand; those of this package and of installed ones by default.
    timings : KubeletTimings, optional
    keeps_log : bool
        False to keep no event log.
    strict : bool
        True to end the run when a controller raises an exception.
    client_throttling : mapping from component to Throttle
        No limits by default.
    kubelet : KubeletConfiguration, optional
    controllers : tuple of types
        Which ones run.

    Returns
    -------
    Run

    Raises
    ------
    ManifestError
        If something in the timeline cannot happen.
    ControllerError
        If a controller raises an exception and the run is strict.

    Examples
    --------
    >>> from binpack.sim.timeline import Apply
    >>> from binpack.testing import node, pod
    >>> run = simulate([node("n1").build()], [Apply(0, pod("web").request(cpu="1").build())], seed=1, until_us=60_000_000)
    >>> run.pods.columns["node"], run.pods.columns["started_us"]
    (['n1'], [2000000])
    """
    profiles = build_profiles(registry if registry is not None else Registry(in_tree()), configuration)
    simulation = Simulation(
        profiles,
        seed=seed,
        ties=ties,
        timings=timings,
        keeps_log=keeps_log,
        strict=strict,
        client_throttling=client_throttling,
        kubelet=kubelet,
        controllers=controllers,
    )
    simulation.load([*nodes, *objects])
    simulation.extend(events)
    simulation.sample_at(sample_at_us)
    return simulation.run(until_us=until_us)
