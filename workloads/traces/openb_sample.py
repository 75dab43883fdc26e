"""A small trace of our own making in the files of the openb trace: for tests, for notebooks, for a first look without the data."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from binpack.sim.streams import stream
from workloads.traces.go_random import LENGTH
from workloads.traces.openb import NODE_COLUMNS, POD_COLUMNS

_NODES: tuple[tuple[int, str, int, int], ...] = ((8, "G2", 96_000, 393_216), (2, "T4", 64_000, 98_304), (4, "V100M16", 32_000, 65_536))
"""Devices, model, milli-cores and MiB; one kind after the other."""

_CPUS = (1_000, 4_000, 6_000, 8_000, 12_000, 16_000)
_SHARES = (100, 250, 330, 470, 500, 810)
_SPECS = ("", "", "", "", "T4", "G2|V100M16")


def write_sample(folder: Path, *, nodes: int = 24, pods: int = 600, seed: int = 1, variants: Sequence[str] = ("default",)) -> None:
    """Write node and pod lists and a seeding table.

    Parameters
    ----------
    folder : Path
        Is made if it is not there.
    nodes, pods : int
    seed : int
    variants : sequence of str
        Names of the pod lists; each is drawn for itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shapes = [_NODES[number % len(_NODES)] for number in range(nodes)]
    rows = ((f"node-{n:04d}", cpu, memory, devices, model) for n, (devices, model, cpu, memory) in enumerate(shapes))
    _write(folder / "openb_node_list_gpu_node.csv", NODE_COLUMNS, rows)
    for variant in variants:
        generator = stream(seed, f"trace/sample/{variant}")
        drawn = [_pod(number, generator) for number in range(pods)]
        _write(folder / f"openb_pod_list_{variant}.csv", (*POD_COLUMNS, "gpu_spec"), drawn)
    words = stream(seed, "trace/sample/cooked").integers(0, 1 << 64, LENGTH, dtype=np.uint64)
    _write(folder / "go_rng_cooked.csv", ("i", "cooked_uint64"), enumerate(words.tolist()))


def _pod(number: int, generator: np.random.Generator) -> tuple[Any, ...]:
    kind, cpu = generator.random(), int(generator.choice(_CPUS))
    memory = 1024 * int(generator.integers(0, 25))
    name = f"pod-{number:04d}"
    if kind < 0.15:
        return name, cpu, memory, 0, 0, ""
    spec = str(generator.choice(_SPECS))
    if kind < 0.6:
        return name, cpu, memory, 1, int(generator.choice(_SHARES)), spec
    return name, cpu, memory, int(generator.choice((1, 1, 1, 1, 2, 4))), 1000, spec


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
