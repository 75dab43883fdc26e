"""The rows of the suite: a question, how it is measured, and what is to be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.optimal.beating import measured_better
from benchmarks.optimal.instances import cluster_like, scattered, spread_over_zones, with_priorities
from benchmarks.optimal.measuring import measured_gpu, measured_moves, measured_solve
from benchmarks.optimal.targets import Run, Target, Targets

if TYPE_CHECKING:
    from binpack.optimal.problem import PackingProblem

TEN_SEEDS = tuple(range(10))
SEEDS = (0, 1, 2)
USAGES_THAT_FIT, USAGES_THAT_DO_NOT = (90, 95), (100, 105)


@dataclass(frozen=True)
class Row:
    """One question.

    Attributes
    ----------
    key : str
        In file names and on the command line.
    question : str
    measure : callable
        (seed, limit in seconds, folder of the trace) to a run.
    limit_s : float
        Of the whole run: what the slowest target allows.
    targets : Targets
    seeds : tuple[int, ...]
    needs_trace : bool
    quick : bool
        Whether it is part of `--quick`, with one seed and at most 20 seconds.
    """

    key: str
    question: str
    measure: Callable[[int, float, str], Run]
    limit_s: float
    targets: Targets
    seeds: tuple[int, ...] = SEEDS
    needs_trace: bool = False
    quick: bool = True


def _gaps(*steps: tuple[float, float]) -> Targets:
    """Targets that are all a gap within some time: (per cent, seconds) three times."""
    made = [
        Target(f"{percent:g} % in {seconds:g} s" if percent else f"proven in {seconds:g} s", seconds, gap=percent / 100)
        for percent, seconds in steps
    ]
    return Targets(*made)


def _shares(*steps: tuple[float, float]) -> Targets:
    """Targets that are all a share of proven runs within some time: (share, seconds) three times."""
    made = [Target(f"{100 * share:g} % proven in {seconds:g} s", seconds, share) for share, seconds in steps]
    return Targets(*made)


def _nodes(pods: int, shapes: int) -> Callable[[int, float, str], Run]:
    return partial(measured_solve, "nodes", lambda seed: cluster_like(pods, shapes, seed=seed))


def _cost(shapes: int, resources: int, node_types: int) -> Callable[[int, float, str], Run]:
    return partial(measured_solve, "cost", lambda seed: cluster_like(10_000, shapes, seed=seed, resources=resources, node_types=node_types))


def _zones(pods: int) -> Callable[[int, float, str], Run]:
    return partial(measured_solve, "nodes", lambda seed: spread_over_zones(pods, 50, seed=seed))


def _cases(usages: tuple[int, ...]) -> Callable[[int], PackingProblem]:
    cases = [(nodes, pods, usage) for nodes in (4, 8, 16, 32) for pods in (4, 8) for usage in usages]
    return lambda seed: with_priorities(*cases[seed % len(cases)], seed=seed // len(cases))


def _priorities(usages: tuple[int, ...]) -> Callable[[int, float, str], Run]:
    return partial(measured_solve, "priority", _cases(usages))


def _beating(usages: tuple[int, ...]) -> Callable[[int, float, str], Run]:
    return partial(measured_better, _cases(usages))


def _better(*steps: tuple[float, float]) -> Targets:
    """Targets that are all a share of better runs within some time: (share, seconds) three times."""
    return Targets(*(Target(f"{100 * share:g} % better in {seconds:g} s", seconds, share) for share, seconds in steps))


ROWS = (
    Row("nodes-1000-50", "fewest nodes, 1,000 pods in 50 shapes", _nodes(1000, 50), 10, _shares((0.8, 10), (1, 2), (1, 0.5)), TEN_SEEDS),
    Row(
        "nodes-10000-50",
        "fewest nodes, 10,000 pods in 50 shapes",
        _nodes(10_000, 50),
        20,
        Targets(Target("within 1 node in 20 s", 20, apart=1), Target("60 % proven in 10 s", 10, 0.6), Target("proven in 10 s", 10)),
        TEN_SEEDS,
    ),
    Row("nodes-10000-200", "fewest nodes, 10,000 pods in 200 shapes", _nodes(10_000, 200), 60, _gaps((1, 60), (0.3, 60), (0, 60))),
    Row("cost-10000-50-3", "lowest cost, 10,000 / 50, 3 node types", _cost(50, 3, 3), 60, _gaps((1, 60), (0.1, 60), (0.05, 30))),
    Row(
        "cost-10000-50-5", "lowest cost, 10,000 / 50, 5 node types", _cost(50, 4, 5), 60, _gaps((1, 60), (0.1, 60), (0.05, 30)), quick=False
    ),
    Row("cost-10000-200-3", "lowest cost, 10,000 / 200, 3 node types", _cost(200, 3, 3), 120, _gaps((5, 120), (1, 60), (0.2, 60))),
    Row(
        "openb-default",
        "openb, most GPU, default pods",
        partial(measured_gpu, "default"),
        60,
        _gaps((0.5, 60), (0.1, 30), (0.03, 20)),
        TEN_SEEDS,
        needs_trace=True,
    ),
    Row(
        "openb-gpuspec33",
        "openb, most GPU, gpuspec33",
        partial(measured_gpu, "gpuspec33"),
        60,
        _gaps((1, 60), (0.3, 60), (0.1, 60)),
        needs_trace=True,
    ),
    Row(
        "openb-gpushare100",
        "openb, most GPU, gpushare100",
        partial(measured_gpu, "gpushare100"),
        60,
        _gaps((1, 60), (0.3, 60), (0.1, 60)),
        needs_trace=True,
        quick=False,
    ),
    Row("zones-10000-50", "anti-affinity and zone spread, 10,000 / 50", _zones(10_000), 90, _gaps((1.5, 90), (0.4, 60), (0.1, 60))),
    Row("zones-1000-50", "anti-affinity and zone spread, 1,000 / 50", _zones(1000), 60, _gaps((10, 60), (3, 60), (1.5, 60))),
    Row(
        "priorities-fit",
        "priorities, usage 90 and 95 %",
        _priorities(USAGES_THAT_FIT),
        3,
        _shares((0.6, 3), (0.9, 1), (1, 1)),
        tuple(range(32)),
    ),
    Row(
        "priorities-full",
        "priorities, usage 100 and 105 %",
        _priorities(USAGES_THAT_DO_NOT),
        10,
        _shares((0.4, 10), (0.65, 3), (0.9, 10)),
        tuple(range(32)),
    ),
    Row(
        "priorities-beat",
        "priorities, better than the scheduler where a better placement exists",
        _beating(USAGES_THAT_FIT + USAGES_THAT_DO_NOT),
        1,
        _better((0.95, 1), (1, 1), (1, 0.2)),
        tuple(range(64)),
    ),
    Row(
        "moves-100",
        "fewest moves, 100 nodes / 1,000 pods, to the minimum and one",
        partial(measured_moves, 1, lambda seed: scattered(100, 1000, 40, seed=seed)),
        20,
        Targets(Target("10 % in 2 s", 2, gap=0.1), Target("proven in 1 s", 1), Target("proven in 0.5 s", 0.5)),
    ),
    Row(
        "moves-1000",
        "fewest moves, 1,000 nodes / 10,000 pods, to the minimum and one",
        partial(measured_moves, 1, lambda seed: scattered(1000, 10_000, 40, seed=seed)),
        60,
        Targets(Target("a plan in 60 s", 60, gap=1.0), Target("10 % in 60 s", 60, gap=0.1), Target("proven in 30 s", 30)),
        quick=False,
    ),
    Row(
        "moves-exact",
        "fewest moves at the exact minimum, 100 nodes",
        partial(measured_moves, 0, lambda seed: scattered(100, 1000, 40, seed=seed)),
        60,
        Targets(Target("a plan in 5 s", 5, gap=1.0), Target("20 % in 60 s", 60, gap=0.2), Target("5 % in 60 s", 60, gap=0.05)),
    ),
)
"""All rows; the check of certificates is a row of the report, over all runs."""

CHECK = Targets(*(Target(f"checked in {seconds:g} s", seconds, check=True) for seconds in (10, 1, 0.1)))


def row_of(key: str) -> Row:
    """The row with this key."""
    return next(row for row in ROWS if row.key == key)
