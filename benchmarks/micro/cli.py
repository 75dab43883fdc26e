"""`binpack bench micro`: throughput of the scheduler alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

MODES = ("basic", "softspread", "hardspread", "prefaff", "antiaff")


@click.group()
def micro() -> None:
    """Measure the scheduler alone, in one process.

    \b
    Examples:
      binpack bench micro throughput --nodes 5000 --classes 100 --mode softspread --pods 20000
      binpack bench micro grid --quick
    """


@micro.command()
@click.option("--nodes", type=click.IntRange(min=1), default=5000, show_default=True)
@click.option("--classes", type=click.IntRange(min=1), default=100, show_default=True, help="Kinds of pods, interleaved at random.")
@click.option("--mode", type=click.Choice(MODES), default="softspread", show_default=True, help="What pods ask for beside resources.")
@click.option("--pods", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--zones", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--selectors", type=click.Choice(("own", "ten", "all")), default="own", show_default=True, help="Whose pods softspread counts."
)
@click.option("--ties", type=click.Choice(("first", "kube")), default="first", show_default=True)
@click.option("--kernels/--no-kernels", default=None, help="Compiled kernels, or numpy alone  [default: kernels if numba is installed].")
@click.option("--uncached-seconds", type=click.FloatRange(min=0), default=15.0, show_default=True, help="Limit of the uncached path.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def throughput(
    nodes: int,
    classes: int,
    mode: str,
    pods: int,
    zones: int,
    selectors: str,
    ties: str,
    kernels: bool | None,
    uncached_seconds: float,
    as_json: bool,
) -> None:
    """Pods a second from an empty start; an uncached prefix of the same pods is decided too, and has to choose the same nodes.

    \b
    Examples:
      binpack bench micro throughput --nodes 1000 --pods 5000
      binpack bench micro throughput --mode antiaff --json
    """
    from benchmarks.micro.case import Case, Mode, Selectors
    from benchmarks.micro.throughput import measure
    from binpack.scheduler.ties import Ties

    case = Case(nodes, classes, pods, Mode(mode), zones, Selectors(selectors))
    result = measure(case, ties=Ties(ties), kernels=kernels, uncached_seconds=uncached_seconds)
    if as_json:
        click.echo(json.dumps(asdict(result)))
        return
    click.echo(f"{result.pods_per_s:,.0f} pods/s, {result.decision_us_p50:.1f} us a pod (p99 {result.decision_us_p99:.1f})")
    click.echo(f"{result.ratio:,.0f} times the uncached path ({result.uncached_pods_per_s:,.0f} pods/s over {result.uncached_pods} pods)")
    click.echo(f"{result.bound:,} of {pods:,} pods bound, at most {result.peak_mib:,.0f} MiB, kernels {'on' if result.kernels else 'off'}")
    for name, count in result.counters.items():
        click.echo(f"  {name}: {count:,}")


@micro.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("results/micro"), show_default=True)
@click.option("--quick", is_flag=True, help="Small sizes: a minute instead of a quarter of an hour.")
@click.option(
    "--uncached-seconds", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Limit of the uncached path, a case."
)
def grid(out: Path, quick: bool, uncached_seconds: float) -> None:
    """Run the suite micro: every mode along nodes, classes and pods; write grid.json and a figure for each.

    \b
    Examples:
      binpack bench micro grid --quick
      binpack bench micro grid --out results/micro
    """
    from benchmarks.micro.grid import run_grid

    rows = run_grid(out, quick=quick, uncached_seconds=uncached_seconds, told=click.echo)
    click.echo(f"{len(rows)} cases; figures: {out}")


@micro.command()
@click.option("--nodes", type=click.IntRange(min=2), default=1000, show_default=True)
@click.option("--pods", type=click.IntRange(min=100), default=100_000, show_default=True, help="About so many are created over the day.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--kernels/--no-kernels", default=None, help="Compiled kernels, or numpy alone  [default: kernels if numba is installed].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def day(nodes: int, pods: int, seed: int, kernels: bool | None, as_json: bool) -> None:
    """Simulate a whole day in the full control plane: Deployments, Jobs, DaemonSets, node failures, the event log written.

    \b
    Examples:
      binpack bench micro day
      binpack bench micro day --no-kernels
      binpack bench micro day --nodes 100 --pods 10000 --json
    """
    from benchmarks.micro.day import measure_day

    result = measure_day(nodes, pods, seed=seed, kernels=kernels)
    if as_json:
        click.echo(json.dumps(asdict(result)))
        return
    click.echo(f"{result.pods:,} pods of {result.workloads:,} workloads on {nodes:,} nodes, {result.node_failures} node failures")
    click.echo(f"{result.seconds:.1f} s ({result.cpu_seconds:.1f} s of CPU time), {1e6 * result.cpu_seconds / result.pods:.0f} us a pod")
    click.echo(f"{result.bound:,} pods bound, {result.finished:,} ran to their end, kernels {'on' if result.kernels else 'off'}")
    click.echo(f"at most {result.peak_mib:,.0f} MiB of memory; an event log of {result.log_mib:,.0f} MiB")


@micro.command()
@click.option("--nodes", type=click.IntRange(min=1), default=5000, show_default=True)
@click.option("--pods", type=click.IntRange(min=1), default=150_000, show_default=True, help="In Deployments of 100.")
@click.option(
    "--share",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=0.1,
    show_default=True,
    help="Of the Deployments that are updated.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--kernels/--no-kernels", default=None, help="Compiled kernels, or numpy alone  [default: kernels if numba is installed].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def scale(nodes: int, pods: int, share: float, seed: int, kernels: bool | None, as_json: bool) -> None:
    """Build a cluster at Kubernetes' stated limits through the control plane, then roll out new images to a part of it.

    \b
    Examples:
      binpack bench micro scale --nodes 500 --pods 15000
      binpack bench micro scale --share 0.5 --json
    """
    from benchmarks.micro.scale import measure_scale

    result = measure_scale(nodes, pods, share=share, seed=seed, kernels=kernels)
    if as_json:
        click.echo(json.dumps(asdict(result) | {name: getattr(result, name)._asdict() for name in ("building", "updating")}))
        return
    click.echo(f"{result.pods:,} pods of {result.deployments:,} Deployments on {nodes:,} nodes, {result.updated:,} of them updated")
    for name in ("building", "updating"):
        phase = getattr(result, name)
        click.echo(
            f"{name}: {phase.seconds:.1f} s ({phase.cpu_seconds:.1f} s of CPU time), {phase.us_a_pod:.0f} us a pod, "
            f"{phase.pods:,} pods created, {phase.writes:,} writes, {phase.virtual_s:,.0f} s of virtual time"
        )
    click.echo(f"at most {result.peak_mib:,.0f} MiB of memory; {result.events:,} lines of event log")


@micro.command()
@click.option("--trace-dir", type=click.Path(), help="Where the trace lies  [default: $BINPACK_TRACES].")
@click.option("--pods", "variant", default="default", show_default=True, help="Variant of the pod list.")
@click.option(
    "--percentage",
    type=click.IntRange(min=0, max=100),
    default=100,
    show_default=True,
    help="percentageOfNodesToScore; 0: kube-scheduler's own, which the cache leaves to the plain path.",
)
@click.option("--kernels/--no-kernels", default=None, help="Compiled kernels, or numpy alone  [default: kernels if numba is installed].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def openb(trace_dir: str | None, variant: str, percentage: int, kernels: bool | None, as_json: bool) -> None:
    """Place the openb trace's pods on its nodes, one after another, with kube-scheduler's default plugins.

    \b
    Examples:
      binpack bench micro openb --trace-dir ~/traces
      binpack bench micro openb --percentage 0 --json
    """
    from benchmarks.micro.openb import measure_openb
    from workloads.traces.openb import trace_folder

    result = measure_openb(trace_folder(trace_dir), variant, percentage=percentage, kernels=kernels)
    if as_json:
        click.echo(json.dumps(asdict(result)))
        return
    click.echo(f"{result.bound:,} of {result.pods:,} pods bound on {result.nodes:,} nodes, kernels {'on' if result.kernels else 'off'}")
    click.echo(f"{result.seconds:.2f} s ({result.cpu_seconds:.2f} s of CPU time), at most {result.peak_mib:,.0f} MiB")
