"""`binpack simulate`: a scenario in virtual time, with its control plane."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from binpack.cli.notes import note
from binpack.cli.options import config_option, seed_option_without_default, verbose_option
from binpack.cli.output import Column, Format, camel_keys, emit, output_options, rendered_document
from binpack.cli.replay_text import comparison_document, comparison_text
from binpack.cli.writing import new_directory

if TYPE_CHECKING:
    from binpack.sim.metrics import Metrics
    from binpack.sim.recording.comparison import Comparison
    from binpack.sim.run import Run
    from binpack.sim.scenario import Overrides
    from binpack.sim.scenario_format import Clients
    from binpack.sim.scenario_reader import Scenario

PLOT_FILE = "cluster.png"
TRACE_FILE = "trace.json"


@click.command(short_help="Run a scenario, or a recording of a real cluster, in virtual time.")
@click.argument("scenario", type=click.Path(path_type=Path), required=False)
@click.option(
    "--recording",
    "recordings",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Instead of a scenario: what `kubectl get KIND --watch -o json --output-watch-events` wrote. May be repeated.",
)
@click.option(
    "--audit-log",
    "audit_logs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Instead of a scenario: an audit log of the API server. May be repeated.",
)
@click.option(
    "--cluster",
    "-c",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="With a recording: a dump of what else was there when it began. May be repeated.",
)
@click.option(
    "--owned-pods",
    type=click.Choice(["controllers", "bare"]),
    help="With a recording: pods whose controller is in it are made by that controller (the default), or come and go as recorded.",
)
@click.option("--duration", metavar="DURATION", help="With a recording: how long the run is; until the recording ends by default.")
@config_option
@click.option(
    "--kubelet-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A KubeletConfiguration of all nodes, in place of the scenario's. Without: Kubernetes' defaults.",
)
@click.option(
    "--throttle",
    "throttles",
    multiple=True,
    metavar="COMPONENT=QPS/BURST",
    help="Client-side throttling, in place of the scenario's: kube-controller-manager=20/30 or kube-scheduler=50/100. May be repeated.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIRECTORY", help="Write the event log and the tables there; it must be new or empty."
)
@click.option("--plot", is_flag=True, help="With --out: also draw pods and nodes over time (cluster.png).")
@click.option("--trace", is_flag=True, help="With --out: also write trace.json, to be opened in a trace viewer.")
@seed_option_without_default
@click.option("--ties", type=click.Choice(["kube", "first", "rank", "random"]), help="In place of the file's rule (`binpack list ties`).")
@click.option(
    "--strict",
    is_flag=True,
    help="End with an error when a controller raises an exception. Else its key is retried, and the summary tells.",
)
@verbose_option
@output_options
def simulate(
    scenario: Path | None,
    recordings: tuple[Path, ...],
    audit_logs: tuple[Path, ...],
    cluster: tuple[Path, ...],
    owned_pods: str | None,
    duration: str | None,
    config: Path | None,
    kubelet_config: Path | None,
    throttles: tuple[str, ...],
    out: Path | None,
    plot: bool,
    trace: bool,
    seed: int | None,
    ties: str | None,
    strict: bool,
    verbose: bool,
    output: Format,
) -> None:
    """Run SCENARIO (a YAML file): a cluster, manifests applied at virtual times, faults, a scheduler's configuration.

    Or let what was recorded of a real cluster happen again, perhaps under another scheduler's configuration (--config): the
    summary then tells which decisions differ, and --out gets the table replayed_pods besides.

    The store, the controllers, the scheduler and the kubelets run in virtual time. The same scenario and seed give the same bytes.
    Prints a summary. With --out a directory gets events.jsonl (the event log) and the tables pods, cluster and nodes (Parquet),
    all of them or none; --plot adds a picture of pods and nodes over time, --trace a trace
    in Chrome's format.

    \b
    Examples:
      binpack simulate examples/scenario.yaml
      binpack simulate examples/scenario.yaml --seed 2 --out runs/2
      binpack simulate examples/drain.yaml --out runs/drain --plot
      binpack simulate examples/scenario.yaml --strict --json
      binpack simulate --recording recorded/ --config most-allocated.yaml --out runs/packed
      binpack simulate --audit-log audit.log --cluster dump.json
    """
    from binpack.model.objects import Objects
    from binpack.sim.metrics import metrics_of
    from binpack.sim.recording.comparison import compare
    from binpack.sim.scenario import run_scenario
    from binpack.sim.trace import write_trace

    if trace and out is None:
        raise click.UsageError("--trace without --out (accepted: --out DIRECTORY --trace; the trace is written there)")
    if plot and out is None:
        raise click.UsageError("--plot without --out (accepted: --out DIRECTORY --plot; the picture is written there)")
    recorded = _Recorded(recordings, audit_logs, cluster, owned_pods, duration)
    loaded = _loaded(scenario, recorded, _overrides(config, kubelet_config, throttles, ties))
    if seed is not None:
        loaded = loaded.with_seed(seed)
    for text in loaded.notes:
        note(text)
    with nullcontext() if out is None else new_directory(out) as draft:
        run = run_scenario(loaded, strict=strict)
        compared = compare(loaded.recorded, run.pod_rows, run.until_us) if loaded.recorded else None
        if draft is not None:
            run.write(draft)
            if compared is not None:
                compared.table.write_parquet(draft / f"{compared.table.schema.name}.parquet")
            if trace:
                write_trace(draft / TRACE_FILE, run)
            if plot:
                _draw(run, loaded, draft)
    if skipped := Objects(skipped=Counter(loaded.skipped)).skipped_line():
        note(skipped)
    _print(loaded, run, metrics_of(run), compared, output)
    if out is not None:
        note(f"written to {out}")
    if verbose:
        for name, value in run.counters.items():
            note(f"{name}: {value}")


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the options say about a recording."""

    recordings: tuple[Path, ...]
    audit_logs: tuple[Path, ...]
    cluster: tuple[Path, ...]
    owned_pods: str | None
    duration: str | None

    def options(self) -> list[str]:
        """Return the options that were given."""
        given = {
            "--recording": self.recordings,
            "--audit-log": self.audit_logs,
            "--cluster": self.cluster,
            "--owned-pods": self.owned_pods,
            "--duration": self.duration,
        }
        return [name for name, value in given.items() if value]


def _throttles(texts: tuple[str, ...]) -> Clients | None:
    """Read the options `--throttle`."""
    from binpack.sim.scenario_format import Clients, ThrottleOf

    found: dict[str, ThrottleOf] = {}
    for text in texts:
        component, _, numbers = text.partition("=")
        qps, _, burst = numbers.partition("/")
        if component not in ("kube-controller-manager", "kube-scheduler") or not (qps.isdecimal() and burst.isdecimal()):
            accepted = "kube-controller-manager=QPS/BURST or kube-scheduler=QPS/BURST, whole numbers from 1"
            raise click.UsageError(f'--throttle "{text}" (accepted: {accepted})')
        found[component] = ThrottleOf(int(qps), int(burst))
    return Clients(found.get("kube-controller-manager"), found.get("kube-scheduler")) if found else None


def _overrides(config: Path | None, kubelet_config: Path | None, throttles: tuple[str, ...], ties: str | None) -> Overrides:
    from binpack.scheduler.ties import Ties
    from binpack.sim.scenario import Overrides

    return Overrides(config, kubelet_config, _throttles(throttles), None if ties is None else Ties(ties))


def _loaded(scenario: Path | None, recorded: _Recorded, overrides: Overrides) -> Scenario:
    """Read the scenario, or make one of a recording."""
    from binpack.sim.scenario import load_scenario, scenario_of_recording
    from binpack.sim.scenario_format import ReplayOf

    given = recorded.options()
    if scenario is not None:
        if given:
            accepted = "one of them; in a scenario the field replay names recordings"
            raise click.UsageError(f"{given[0]} with a SCENARIO (accepted: {accepted})")
        return load_scenario(scenario, overrides=overrides)
    if not recorded.recordings and not recorded.audit_logs:
        raise click.UsageError("no SCENARIO (accepted: a YAML file, or --recording PATH, or --audit-log PATH)")
    if recorded.recordings and recorded.audit_logs:
        raise click.UsageError("--recording with --audit-log (accepted: one of them)")
    replay = ReplayOf(
        recordings=tuple(map(str, recorded.recordings)),
        audit_logs=tuple(map(str, recorded.audit_logs)),
        owned_pods="bare" if recorded.owned_pods == "bare" else "controllers",
    )
    return scenario_of_recording(replay, cluster=recorded.cluster, overrides=overrides, duration=recorded.duration)


def _draw(run: Run, loaded: Scenario, directory: Path) -> None:
    from binpack.plots.cluster_over_time import cluster_over_time

    title = f"{loaded.name}: pods and nodes over time"
    drawn = cluster_over_time(run.cluster.to_pandas(), until_us=run.until_us, title=title)
    drawn.savefig(directory / PLOT_FILE, dpi=120, metadata={"Software": None})


def as_document(loaded: Scenario, run: Run, metrics: Metrics, compared: Comparison | None) -> dict[str, Any]:
    """Write a run's summary as plain data."""
    document = {
        "scenario": loaded.name,
        **dict(run.header),
        "metrics": camel_keys(asdict(metrics)),
        "counters": dict(run.counters),
        "exceptions": list(run.breakdowns),
    }
    if compared is not None:
        document["replay"] = comparison_document(compared)
    return document


def _print(loaded: Scenario, run: Run, metrics: Metrics, compared: Comparison | None, output: Format) -> None:
    document = as_document(loaded, run, metrics, compared)
    if output.is_text:
        click.echo(summary(loaded, run, metrics))
        if compared is not None:
            click.echo("\n" + comparison_text(compared))
    elif output is Format.CSV:
        emit([document["metrics"]], [Column(key) for key in document["metrics"]], output)
    else:
        click.echo(rendered_document(document, output))


def summary(loaded: Scenario, run: Run, metrics: Metrics) -> str:
    """Write a run's summary in a few lines."""
    percent = [100 * value for value in (metrics.cpu_utilisation_mean, metrics.memory_utilisation_mean)]
    lines = [
        ("Scenario", f"{loaded.name}, seed {loaded.seed}, ties {loaded.ties}: {_duration(metrics.span_s)} of virtual time"),
        (
            "Pods",
            f"{metrics.pods_count} in all, {metrics.bound_count} found a node, {metrics.finished_count} finished,"
            f" {metrics.pending_count} wait at the end",
        ),
        (
            "Waiting",
            f"median {metrics.waiting_median_s:.3g} s, 95 % within {metrics.waiting_p95_s:.3g} s, at most {metrics.waiting_max_s:.3g} s;"
            f" {metrics.pending_mean:.2f} pods on average, at most {metrics.pending_max}",
        ),
        (
            "Nodes",
            f"{metrics.nodes_count} at the end; in use {metrics.nodes_in_use_mean:.2f} on average, at most {metrics.nodes_in_use_max}",
        ),
        ("Requested", f"{percent[0]:.1f} % of allocatable cpu and {percent[1]:.1f} % of memory, on average over time"),
        ("Log", f"{len(run.events)} entries, {len(run.samples)} samples"),
        *(("Exception", line) for line in run.breakdowns),
    ]
    return "\n".join(f"{label:<12}{text}" for label, text in lines)


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, whole = divmod(rest, 60)
    parts = [f"{value} {unit}" for value, unit in ((hours, "h"), (minutes, "min"), (whole, "s")) if value]
    return " ".join(parts) or "0 s"
