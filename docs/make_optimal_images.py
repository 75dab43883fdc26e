"""Draws the pictures of docs/optimal.md and docs/reference/migration.md: a search whose two sides meet, a pattern, a curve of moves.

python docs/make_optimal_images.py docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt

from benchmarks.optimal.instances import cluster_like
from binpack import testing
from binpack.api.solving import moves_curve
from binpack.optimal.solve import solve
from binpack.plots.moves_curve import moves_curve as moves_curve_plot

if TYPE_CHECKING:
    from binpack.optimal.progress import Progress

COLOURS = {"A": "#1f3b6f", "B": "#d98c2b", "C": "#9cc5b8"}
WIDTHS = {"A": 4, "B": 3, "C": 1}
NODES = ("AAC C", "BBB", "AAC C", "BBB", "AAC C", "ABCCC")


def main(out: Path) -> None:
    """Write `optimal-gap.png`, `optimal-patterns.png` and `moves-curve.png`."""
    out.mkdir(parents=True, exist_ok=True)
    _gap().savefig(out / "optimal-gap.png", dpi=110)
    _patterns().savefig(out / "optimal-patterns.png", dpi=110)
    _curve().savefig(out / "moves-curve.png", dpi=110)


def _gap() -> Any:
    """How placement and bound close in, on an instance with three types of nodes."""
    steps: list[Progress] = []
    problem = cluster_like(2000, 40, seed=1, resources=3, node_types=3)
    solve(problem, objective="cost", seed=0, deterministic_limit=10.0, listener=steps.append)
    shown = [step for step in steps if step.value is not None and step.bound is not None]
    figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    seconds = [max(step.seconds, 0.01) for step in shown]
    values, bounds = [step.value for step in shown], [step.bound for step in shown]
    axes.step(seconds, values, where="post", color="#1f3b6f", label="best placement so far")
    axes.step(seconds, bounds, where="post", color="#d98c2b", linestyle="--", label="proven bound")
    axes.fill_between(seconds, bounds, values, step="post", color="#bbbbbb", alpha=0.4, label="gap")
    axes.set(xscale="log", xlabel="time (s)", ylabel="cost (price units)", title="2,000 pods, three types of nodes")
    axes.legend()
    return figure


def _curve() -> Any:
    """What freeing nodes costs in a cluster of 30 nodes that are about half full."""
    draw = np.random.default_rng(4)
    kinds = [(int(cpu), int(memory)) for cpu, memory in zip(draw.integers(9, 60, 18), draw.integers(9, 60, 18), strict=True)]
    objects = [testing.node(f"node-{number:02}").cpu("16").memory("64Gi").pods(110).build() for number in range(30)]
    for number in range(30):
        free = np.array([160, 160])
        while True:
            kind = int(draw.integers(len(kinds)))
            free = free - kinds[kind]
            if free.min() < 55:
                break
            cpu, memory = kinds[kind]
            held = (
                testing.pod(f"kind-{kind}-{len(objects)}")
                .request(cpu=f"{100 * cpu}m", memory=f"{400 * memory}Mi")
                .owner("ReplicaSet", f"kind-{kind}")
            )
            objects.append(held.on(f"node-{number:02}").build())
    return moves_curve_plot(moves_curve(objects, deterministic_limit=20.0).table())


def _patterns() -> Any:
    """Six nodes as six things, and as three patterns with numbers."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained", sharex=True)
    for row, node in enumerate(NODES):
        _draw(left, row, node)
    left.set(title="six nodes: each pod on each node", yticks=range(6), yticklabels=[f"node {n + 1}" for n in range(6)], xlabel="cores")
    kinds = list(dict.fromkeys(NODES))
    for row, node in enumerate(kinds):
        _draw(right, row, node)
    labels = [f"{NODES.count(node)} nodes" if NODES.count(node) > 1 else "1 node" for node in kinds]
    right.set(title="three patterns: how many nodes of each", yticks=range(3), yticklabels=labels, xlabel="cores")
    for axes in (left, right):
        axes.invert_yaxis()
        axes.set_xlim(0, 10.2)
    return figure


def _draw(axes: Any, row: int, node: str) -> None:
    start = 0
    for pod in node.replace(" ", ""):
        axes.barh(row, WIDTHS[pod], left=start, color=COLOURS[pod], edgecolor="white")
        axes.text(start + WIDTHS[pod] / 2, row, pod, ha="center", va="center", color="black" if pod == "C" else "white")
        start += WIDTHS[pod]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
