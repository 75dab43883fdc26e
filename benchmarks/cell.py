"""One run of a suite: a workload under a policy with a seed, simulated, measured and written."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.digest import source_digest
from benchmarks.fgd.cell import run_filling
from benchmarks.fgd.turnover import configuration_of, device_columns, device_means, uses_devices
from benchmarks.machine import machine_facts
from benchmarks.matrix import RunSpec
from benchmarks.measures import run_row, running, sample_row
from benchmarks.results_dir import ResultsDir
from binpack.errors import ConfigurationError
from binpack.framework.defaults import DEFAULT_SCHEDULER_NAME
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.optimal.bound_cache import BoundCache
from binpack.optimal.instant import FewestNodes, fewest_nodes
from binpack.plugins import in_tree
from binpack.scheduler.ties import Ties
from binpack.sim.samples import Sample
from binpack.sim.simulation import simulate
from workloads.presets import preset
from workloads.traces.openb_replay import replay
from workloads.workload import Generated, generate

OPTIMA = "optima"
DEFAULT_INSTANTS = 5


def run_cell(spec: RunSpec, out: Path) -> None:
    """Execute one run and write its results; a pure function of its specification.

    Parameters
    ----------
    spec : RunSpec
    out : Path
        The results directory.

    Raises
    ------
    ConfigurationError
        If the packages' sources are no longer those that the run's key was made from.
    """
    if spec.sources != source_digest():
        raise ConfigurationError("the packages' sources have changed since the suite was started (start it again)")
    if spec.workload.filling is not None:
        run_filling(spec, out)
        return
    begun = time.perf_counter()
    registry = Registry(in_tree())
    generated = workload_of(spec)
    run = simulate(
        generated.nodes,
        generated.events,
        configuration=configuration_of(spec, registry),
        seed=spec.seed,
        until_us=generated.span_us,
        ties=Ties(spec.ties),
        sample_at_us=instants(spec, generated.span_us),
        registry=registry,
        keeps_log=False,
    )
    simulated = time.perf_counter()
    optima = _optima(spec, run.samples, registry, BoundCache(out / OPTIMA / spec.sources[:16]))
    rows = [sample_row(spec, sample, optimum) for sample, optimum in zip(run.samples, optima, strict=True)]
    if uses_devices(spec):
        rows = [row | columns for row, columns in zip(rows, device_columns(spec, run.samples), strict=True)]
    machine = machine_facts() | {"simulation_s": simulated - begun, "optimum_s": time.perf_counter() - simulated}
    ResultsDir(out).write_run(spec.key, run_row(spec, run, rows) | device_means(rows), rows, machine)


def workload_of(spec: RunSpec) -> Generated:
    """Generate the workload, or read the trace."""
    if spec.workload.openb is not None:
        assert spec.trace_dir is not None
        return replay(Path(spec.trace_dir), spec.workload.openb.replay(), spec.seed)
    return generate(preset(spec.workload.preset), spec.seed)


def instants(spec: RunSpec, span_us: int) -> list[int]:
    """Return when samples are taken: evenly spread, neither at the start nor at the end."""
    count = spec.optimum.instants if spec.optimum is not None else DEFAULT_INSTANTS
    return [span_us * (index + 1) // (count + 1) for index in range(count)]


def _optima(spec: RunSpec, samples: Iterable[Sample], registry: Registry, cache: BoundCache) -> list[FewestNodes | None]:
    if spec.optimum is None:
        return [None for _ in samples]
    # Legal is what kube-scheduler's default filters call legal, whatever the policy: all policies are held against one optimum.
    profile = build_profiles(registry)[DEFAULT_SCHEDULER_NAME]
    limit = spec.optimum.deterministic_limit
    return [fewest_nodes(sample.nodes, running(sample), profile, deterministic_limit=limit, cache=cache) for sample in samples]
