"""Turns a decoded scenario file, and every file that it names, into a scenario, and gathers what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from binpack.control.apiserver.resources import ApiObject
from binpack.control.controller import Controller
from binpack.control.controller_manager import ALL_CONTROLLERS, WITHOUT_WORKLOADS
from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.kubelet_file import read_kubelet_configuration
from binpack.control.workqueue import Throttle
from binpack.errors import ConfigurationError
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration, read_configuration
from binpack.model.base import to_manifest
from binpack.model.duration import parse_duration_ns
from binpack.model.field_errors import FieldError
from binpack.model.kinds import KubernetesObject
from binpack.model.load import load
from binpack.model.node import Node
from binpack.model.scalars import MAX_INT64
from binpack.plugins import in_tree
from binpack.scheduler.ties import Ties
from binpack.sim.external import check_annotations, object_of
from binpack.sim.known_workloads import KnownWorkloads
from binpack.sim.node_pools import pool_nodes
from binpack.sim.recording.audit_log import read_audit_logs
from binpack.sim.recording.recorded_pods import RecordedPod
from binpack.sim.recording.replay import Replay, replay_of
from binpack.sim.recording.watch_events import read_recordings
from binpack.sim.scenario_format import API_VERSION, KIND, ScenarioFile, SourceOf, ThrottleOf
from binpack.sim.some_names import some
from binpack.sim.sources import FAULTS, WORKLOADS, Group, NamedSource, find_source
from binpack.sim.steps import StepReader
from binpack.sim.timeline import Component, TimelineEvent

_NS_PER_US = 1000


@dataclass(frozen=True)
class Scenario:
    """A scenario, read and checked.

    Parameters
    ----------
    name : str
        The file's name.
    nodes : tuple of Node
    objects : tuple of objects
        What else is there at the start.
    events : tuple of TimelineEvent
        Random failures not included, for they depend on the seed.
    configuration : ResolvedConfiguration or None
        Of the scheduler.
    until_us : int
    sample_at_us : tuple of int
    seed : int
    ties : Ties
    failures : tuple or None
        Names of nodes that fail at random, and the means in microseconds between failures and to the repair.
    skipped : Mapping[str, int]
        How many objects of the cluster's files are of kinds that this toolkit does not know.
    recorded : tuple of RecordedPod
        What a recorded cluster made of its pods, if one is replayed.
    notes : tuple of str
        What was derived, assumed or left out in reading a recording.
    controllers : tuple of types
        Which ones run.
    kubelet : KubeletConfiguration or None
        Of all nodes.
    throttles : Mapping[Component, Throttle] or None
        Client-side throttling.
    sources : tuple of NamedSource
        What draws further events; those depend on the seed.
    """

    name: str
    nodes: tuple[Node, ...]
    objects: tuple[KubernetesObject, ...]
    events: tuple[TimelineEvent, ...]
    configuration: ResolvedConfiguration | None
    until_us: int
    sample_at_us: tuple[int, ...]
    seed: int
    ties: Ties
    failures: tuple[tuple[str, ...], int, int] | None
    skipped: dict[str, int]
    recorded: tuple[RecordedPod, ...] = ()
    notes: tuple[str, ...] = ()
    controllers: tuple[type[Controller], ...] = ALL_CONTROLLERS
    kubelet: KubeletConfiguration | None = None
    throttles: Mapping[Component, Throttle] | None = None
    sources: tuple[NamedSource, ...] = ()

    def with_seed(self, seed: int) -> Scenario:
        """Return the scenario with another seed."""
        return replace(self, seed=seed)


class ScenarioReader:
    """Turns a decoded file into a scenario, and gathers what is wrong with it.

    Parameters
    ----------
    source : str
        How messages call the file.
    folder : Path
        What relative paths are relative to.
    """

    def __init__(self, source: str, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._errors: list[FieldError] = []

    def read(self, file: ScenarioFile) -> Scenario:
        """Read everything.

        Raises
        ------
        ConfigurationError, ManifestError
        """
        for name, seen, accepted in (("apiVersion", file.api_version, API_VERSION), ("kind", file.kind, KIND)):
            if seen != accepted:
                self._refuse(name, f'"{seen}" (accepted: "{accepted}")')
        objects, skipped = self._cluster(file)
        replay = self._replay(file, objects)
        if replay is not None:
            objects, skipped = list(replay.objects), replay.skipped
        until_us = self._duration(file, replay)
        last_us = MAX_INT64 if until_us is None else until_us
        self._check_nodes(objects)
        for value in objects:
            check_annotations(value)
        nodes = tuple(value for value in objects if isinstance(value, Node))
        recorded = () if replay is None else replay.events
        workloads = KnownWorkloads(objects, is_complete=not file.workloads and not file.faults.sources)
        steps = StepReader(nodes, workloads, recorded, refuse=self._refuse, time=self._time, manifests=self._manifests)
        events = [*recorded, *steps.read(file.timeline, last_us)]
        failures = self._failures(file, nodes)
        samples = self._samples(file, until_us or 0)
        throttles = self._throttles(file)
        sources = self._sources(file)
        if file.seed < 0:
            self._refuse("seed", f"{file.seed} (accepted: whole numbers from 0)")
        if self._errors or until_us is None:
            raise ConfigurationError(*(f"{self._source}: {error}" for error in self._errors))
        configuration = None
        if file.scheduler is not None:
            configuration = read_configuration(self._folder / file.scheduler, Registry(in_tree()))
        kubelet, notes = self._kubelet(file)
        others = tuple(value for value in objects if not isinstance(value, Node))
        return Scenario(
            name=Path(self._source).name,
            nodes=nodes,
            objects=others,
            events=tuple(events),
            configuration=configuration,
            until_us=until_us,
            sample_at_us=samples,
            seed=file.seed,
            ties=Ties(file.ties),
            failures=failures,
            skipped=skipped,
            recorded=() if replay is None else replay.pods,
            notes=(*notes, *(() if replay is None else replay.notes)),
            controllers=WITHOUT_WORKLOADS if file.replay is not None and file.replay.owned_pods == "bare" else ALL_CONTROLLERS,
            kubelet=kubelet,
            throttles=throttles,
            sources=sources,
        )

    def _kubelet(self, file: ScenarioFile) -> tuple[KubeletConfiguration | None, tuple[str, ...]]:
        """Read the kubelets' configuration, and say which of its fields change nothing."""
        if file.kubelet is None:
            return None, ()
        configuration, ignored = read_kubelet_configuration(self._folder / file.kubelet)
        named = f"{Path(file.kubelet).name}: fields that change nothing here: {', '.join(ignored)}"
        return configuration, (named,) if ignored else ()

    def _sources(self, file: ScenarioFile) -> tuple[NamedSource, ...]:
        groups: tuple[tuple[str, Group, tuple[SourceOf, ...]], ...] = (
            ("workloads", WORKLOADS, file.workloads),
            ("faults.sources", FAULTS, file.faults.sources),
        )
        found: dict[str, NamedSource] = {}
        for path, group, given in groups:
            for number, one in enumerate(given):
                place, name = f"{path}[{number}]", one.name or one.source
                if name in found:
                    self._refuse(f"{place}.name", f'"{name}" is used twice (accepted: distinct names)')
                    continue
                try:
                    found[name] = NamedSource(f"{self._source}: {place}", name, find_source(one.source, group), one.arguments)
                except ConfigurationError as error:
                    self._refuse(f"{place}.source", str(error))
        return tuple(found.values())

    def _throttles(self, file: ScenarioFile) -> dict[Component, Throttle]:
        given: dict[Component, ThrottleOf | None] = {
            "kube-controller-manager": file.clients.controller_manager,
            "kube-scheduler": file.clients.scheduler,
        }
        throttles: dict[Component, Throttle] = {}
        for component, one in given.items():
            if one is None:
                continue
            for name, value in (("qps", one.qps), ("burst", one.burst)):
                if value < 1:
                    self._refuse(f"clients.{component}.{name}", f"{value} (accepted: whole numbers from 1)")
            throttles[component] = Throttle(one.qps, one.burst)
        return throttles

    def _cluster(self, file: ScenarioFile) -> tuple[list[KubernetesObject], dict[str, int]]:
        objects: list[KubernetesObject] = []
        skipped: dict[str, int] = {}
        if file.cluster.files:
            found = load([self._folder / name for name in file.cluster.files])
            objects += found.objects
            skipped = dict(found.skipped)
        for number, pool in enumerate(file.cluster.node_pools):
            if pool.count < 1:
                self._refuse(f"cluster.nodePools[{number}].count", f"{pool.count} (accepted: whole numbers from 1)")
            objects += pool_nodes(pool)
        return objects, skipped

    def _check_nodes(self, objects: Sequence[KubernetesObject]) -> None:
        names = Counter(value.name for value in objects if isinstance(value, Node))
        if not names:
            self._refuse("cluster", "no nodes (accepted: files or a recording that hold nodes, or nodePools)")
        for name in sorted(name for name, count in names.items() if count > 1):
            self._refuse("cluster", f'node "{name}" is there twice (accepted: distinct names)')

    def _replay(self, file: ScenarioFile, objects: Sequence[KubernetesObject]) -> Replay | None:
        """Read what was recorded of a cluster; what the cluster's files hold was there at the recording's start."""
        given = file.replay
        if given is None:
            return None
        if bool(given.recordings) == bool(given.audit_logs):
            seen = "both recordings and auditLogs" if given.recordings else "neither recordings nor auditLogs"
            self._refuse("replay", f"{seen} (accepted: one of them)")
            return None
        present = [(f"{self._source}, cluster", to_manifest(value)) for value in objects]
        paths = [self._folder / name for name in given.recordings or given.audit_logs]
        history = read_recordings(paths, present) if given.recordings else read_audit_logs(paths, present)
        return replay_of(history, owned=given.owned_pods)

    def _duration(self, file: ScenarioFile, replay: Replay | None) -> int | None:
        """Return how long the run is: as given, or until the recording ends."""
        if file.duration is not None:
            return self._time("duration", file.duration)
        if replay is not None:
            return replay.until_us
        if file.replay is None:
            self._refuse("duration", "Required value: how long the run is (only a recording that is replayed has a length of its own)")
        return None

    def _manifests(self, path: str, entry: dict[str, object] | str) -> list[ApiObject]:
        if isinstance(entry, str):
            found: list[ApiObject] = list(load([self._folder / entry], checks="manifest").objects)
        else:
            found = [object_of(entry, place=f"{self._source}, {path}")]
        for value in found:
            check_annotations(value)
        return found

    def _failures(self, file: ScenarioFile, nodes: tuple[Node, ...]) -> tuple[tuple[str, ...], int, int] | None:
        failures, path = file.faults.random_failures, "faults.randomFailures"
        if failures is None:
            return None
        known = {node.name for node in nodes}
        for name in failures.nodes:
            if name not in known:
                self._refuse(f"{path}.nodes", f'no node "{name}" (accepted: {some(known)})')
        between_us = self._time(f"{path}.meanTimeBetweenFailures", failures.mean_time_between_failures)
        repair_us = self._time(f"{path}.meanTimeToRepair", failures.mean_time_to_repair)
        for field_name, value_us in (("meanTimeBetweenFailures", between_us), ("meanTimeToRepair", repair_us)):
            if value_us == 0:
                self._refuse(f"{path}.{field_name}", '"0s" (accepted: durations above 0)')
        return failures.nodes or tuple(node.name for node in nodes), between_us or 0, repair_us or 0

    def _samples(self, file: ScenarioFile, until_us: int) -> tuple[int, ...]:
        times = [self._time(f"samples.at[{number}]", text) or 0 for number, text in enumerate(file.samples.at)]
        if file.samples.every is not None:
            every_us = self._time("samples.every", file.samples.every)
            if every_us == 0:
                self._refuse("samples.every", f'"{file.samples.every}" (accepted: durations above 0)')
            elif every_us is not None:
                times += range(every_us, until_us + 1, every_us)
        return tuple(sorted(set(times)))

    def _time(self, path: str, text: str) -> int | None:
        """Read a duration in microseconds; what is wrong with it is noted."""
        try:
            time_us = parse_duration_ns(text) // _NS_PER_US
        except ValueError as error:
            self._refuse(path, str(error))
            return None
        if time_us < 0:
            self._refuse(path, f'"{text}" (accepted: durations from 0s)')
            return None
        return time_us

    def _refuse(self, path: str, problem: str) -> None:
        self._errors.append(FieldError(path, problem))
