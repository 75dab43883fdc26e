"""From a scenario file to a run. Everything in it is read and checked before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from binpack.control.apiserver.resources import ApiObject
from binpack.errors import ConfigurationError, ManifestError
from binpack.framework.configuration import parse_document
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration, read_configuration
from binpack.model.duration import parse_duration_ns
from binpack.model.field_errors import FieldError
from binpack.model.files import read_bytes
from binpack.model.kinds import KubernetesObject
from binpack.model.load import load
from binpack.model.node import Node
from binpack.model.scalars import MAX_INT64
from binpack.model.strict import decode_strictly
from binpack.plugins import in_tree
from binpack.scheduler.ties import Ties
from binpack.sim.external import check_workload_model, object_of
from binpack.sim.faults import random_failures
from binpack.sim.node_pools import pool_nodes
from binpack.sim.run import Run
from binpack.sim.scenario_format import API_VERSION, KIND, ScenarioFile
from binpack.sim.simulation import simulate
from binpack.sim.steps import StepReader, some
from binpack.sim.timeline import TimelineEvent

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

    def with_seed(self, seed: int) -> Scenario:
        """Return the scenario with another seed."""
        return replace(self, seed=seed)


def run_scenario(scenario: Scenario, *, strict: bool = False) -> Run:
    """Run a scenario from its start to its end; strictly, an exception of a controller ends it.

    Raises
    ------
    ManifestError
        If something of the timeline cannot be done when its time has come, as to scale what is not there.
    """
    events = list(scenario.events)
    if scenario.failures is not None:
        names, between_us, repair_us = scenario.failures
        events += random_failures(
            names, between_failures_us=between_us, to_repair_us=repair_us, until_us=scenario.until_us, seed=scenario.seed
        )
    try:
        return simulate(
            scenario.nodes,
            events,
            configuration=scenario.configuration,
            seed=scenario.seed,
            until_us=scenario.until_us,
            ties=scenario.ties,
            sample_at_us=scenario.sample_at_us,
            objects=scenario.objects,
            strict=strict,
        )
    except ManifestError as error:
        raise ManifestError(f"{scenario.name}: {error}") from None


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file and every file that it names.

    Raises
    ------
    ConfigurationError
        One line a problem: the file, the field's path, the value seen and what is accepted.
    ManifestError
        If a file of the cluster or the timeline is wrong.
    """
    source = str(path)
    try:
        text = read_bytes(Path(path)).decode()
    except (ManifestError, FileNotFoundError) as error:
        raise ConfigurationError(str(error)) from None
    decoded = decode_strictly(parse_document(text, source=source, kind=KIND), ScenarioFile)
    if decoded.errors or decoded.value is None:
        raise ConfigurationError(*(f"{source}: {error}" for error in decoded.errors))
    return _Reader(source, Path(path).parent).read(decoded.value)


class _Reader:
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
        until_us = self._time("duration", file.duration)
        last_us = MAX_INT64 if until_us is None else until_us
        objects, skipped = self._cluster(file)
        nodes = tuple(value for value in objects if isinstance(value, Node))
        steps = StepReader(nodes, refuse=self._refuse, time=self._time, manifests=self._manifests)
        events = steps.read(file.timeline, last_us)
        failures = self._failures(file, nodes)
        samples = self._samples(file, until_us or 0)
        if file.seed < 0:
            self._refuse("seed", f"{file.seed} (accepted: whole numbers from 0)")
        if self._errors or until_us is None:
            raise ConfigurationError(*(f"{self._source}: {error}" for error in self._errors))
        configuration = None
        if file.scheduler is not None:
            configuration = read_configuration(self._folder / file.scheduler, Registry(in_tree()))
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
        )

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
        names = [value.name for value in objects if isinstance(value, Node)]
        if not names:
            self._refuse("cluster", "no nodes (accepted: files that hold nodes, or nodePools)")
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._refuse("cluster", f'node "{name}" is there twice (accepted: distinct names)')
        return objects, skipped

    def _manifests(self, path: str, entry: dict[str, object] | str) -> list[ApiObject]:
        if isinstance(entry, str):
            found: list[ApiObject] = list(load([self._folder / entry], checks="manifest").objects)
        else:
            found = [object_of(entry, place=f"{self._source}, {path}")]
        for value in found:
            check_workload_model(value)
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
