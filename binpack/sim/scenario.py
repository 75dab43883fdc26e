"""From a scenario file to a run. Everything in it is read and checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from binpack.errors import ConfigurationError, ManifestError
from binpack.framework.configuration import parse_document
from binpack.model.base import replace
from binpack.model.files import STANDARD_INPUT, read_bytes
from binpack.model.strict import decode_strictly
from binpack.scheduler.ties import Ties
from binpack.sim.faults import random_failures
from binpack.sim.run import Run
from binpack.sim.scenario_format import KIND, Clients, ClusterSource, ReplayOf, ScenarioFile
from binpack.sim.scenario_reader import Scenario, ScenarioReader
from binpack.sim.simulation import simulate


def run_scenario(scenario: Scenario, *, strict: bool = False) -> Run:
    """Run a scenario from its start to its end; strictly, an exception of a controller ends it.

    Raises
    ------
    ManifestError
        If something of the timeline cannot be done when its time has come, as to scale what is not there.
    ConfigurationError
        If a source of events fails.
    """
    events = list(scenario.events)
    if scenario.failures is not None:
        names, between_us, repair_us = scenario.failures
        events += random_failures(
            names, between_failures_us=between_us, to_repair_us=repair_us, until_us=scenario.until_us, seed=scenario.seed
        )
    for source in scenario.sources:
        events += source.events(scenario.nodes, scenario.objects, until_us=scenario.until_us, seed=scenario.seed)
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
            controllers=scenario.controllers,
            kubelet=scenario.kubelet,
            client_throttling=scenario.throttles,
        )
    except ManifestError as error:
        raise ManifestError(f"{scenario.name}: {error}") from None


@dataclass(frozen=True)
class Overrides:
    """What takes the place of a scenario's own. Paths are relative to the present directory.

    Parameters
    ----------
    scheduler : path or None
        A KubeSchedulerConfiguration.
    kubelet : path or None
        A KubeletConfiguration.
    clients : Clients or None
    ties : Ties or None
    """

    scheduler: str | Path | None = None
    kubelet: str | Path | None = None
    clients: Clients | None = None
    ties: Ties | None = None

    def of(self, file: ScenarioFile) -> ScenarioFile:
        """Return a file with what is given in place of its own."""
        if self.scheduler is not None:
            file = replace(file, scheduler=str(Path(self.scheduler).absolute()))
        if self.kubelet is not None:
            file = replace(file, kubelet=str(Path(self.kubelet).absolute()))
        if self.ties is not None:
            file = replace(file, ties=self.ties.value)
        return file if self.clients is None else replace(file, clients=self.clients)


def load_scenario(path: str | Path, *, overrides: Overrides | None = None) -> Scenario:
    """Read a scenario file and every file that it names.

    Parameters
    ----------
    path : path
    overrides : Overrides, optional
        What takes the place of the file's own.

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
    except ManifestError as error:
        raise ConfigurationError(str(error)) from None
    decoded = decode_strictly(parse_document(text, source=source, kind=KIND), ScenarioFile)
    if decoded.errors or decoded.value is None:
        raise ConfigurationError(*(f"{source}: {error}" for error in decoded.errors))
    file = decoded.value if overrides is None else overrides.of(decoded.value)
    return ScenarioReader(source, Path(path).parent).read(file)


def scenario_of_recording(
    recorded: ReplayOf, *, cluster: Sequence[str | Path] = (), overrides: Overrides | None = None, duration: str | None = None
) -> Scenario:
    """Make a scenario of a recorded cluster alone.

    Parameters
    ----------
    recorded : ReplayOf
        Its paths are relative to the present directory.
    cluster : sequence of paths
        Dumps or manifests of what else was there when the recording began.
    overrides : Overrides, optional
        The configuration: the change of policy that is tried out.
    duration : str, optional
        In place of the recording's length.

    Raises
    ------
    ConfigurationError, ManifestError
        If an option or a file is wrong.
    """
    file = ScenarioFile(
        duration=duration,
        cluster=ClusterSource(files=tuple(map(str, cluster))),
        replay=recorded,
    )
    file = file if overrides is None else overrides.of(file)
    names = [Path(name).name for name in recorded.recordings or recorded.audit_logs]
    source = f"{len(names)} recordings" if len(names) > 1 else STANDARD_INPUT if names == ["-"] else names[0]
    return ScenarioReader(source, Path()).read(file)
