"""Judges every row of a class whose domains cross zones, or that plugins in Python have a say about."""

from __future__ import annotations

from typing import Any

from binpack.plugins.kernels import pod_topology_spread
from binpack.scheduler.kernels.domains import is_empty_everywhere
from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import ALLOWED, ATTRACT, BLOCK, EXTERNAL, FIRST_OF_GROUP, HARD, MASK, OPS, REPEL, SCORES
from binpack.scheduler.kernels.summarise import effective

lowest_count = leaf(pod_topology_spread.lowest_count)


@leaf
def judge_domains(kind: int, op: Any, first: bool, sums: Any, present: Any, allowed: Any) -> None:
    """Write 0 for each domain in which the pod may go, -1 for the others; the last entry is for rows without the label."""
    of, room, domains = op[2], 0, sums.shape[1]
    if kind == HARD:
        room = op[4] - op[5] + lowest_count(sums[of], present[op[3]], op[6])
    for domain in range(domains):
        pods = sums[of, domain]
        good = pods <= room if kind == HARD else pods <= 0 if kind == REPEL else first or pods > 0
        allowed[domain] = 0 if good else -1
    allowed[domains] = 0 if kind == REPEL else -1


@leaf
def exclude(codes: Any, allowed: Any, out: Any) -> None:
    """Take out the rows of domains in which the pod may not go."""
    absent = len(allowed) - 1
    for row in range(len(out)):
        code = codes[row] if codes[row] >= 0 else absent
        out[row] = out[row] | allowed[code]


@leaf
def judge_rows(
    parameters: Any,
    ops: Any,
    rest: Any,
    static: Any,
    columns: Any,
    vectors: Any,
    sums: Any,
    present: Any,
    labels: Any,
    shorts: Any,
    marks: Any,
) -> int:
    """Write each row's resource score, -1 where the pod may not go; return how many rows are feasible."""
    out, allowed = shorts[SCORES], marks[ALLOWED, : sums.shape[1] + 1]
    for block in range(len(out) // BLOCK):
        effective(block, parameters, ops, rest, static, columns, vectors, out[block * BLOCK : (block + 1) * BLOCK])
    first = parameters[FIRST_OF_GROUP] == 1 and is_empty_everywhere(ops, parameters[OPS], sums, columns)
    for number in range(parameters[OPS]):
        kind = ops[number, 0]
        if kind in (HARD, ATTRACT, REPEL):
            judge_domains(kind, ops[number], first, sums, present, allowed)
            exclude(labels[ops[number, 1]], allowed, out)
    if parameters[EXTERNAL] == 1:
        for row in range(len(out)):
            out[row] = out[row] if shorts[MASK, row] == 0 else -1
    rows = 0
    for row in range(len(out)):
        rows += 1 if out[row] >= 0 else 0
    return rows
