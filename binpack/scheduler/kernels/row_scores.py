"""Scores every feasible row of a class whose domains cross zones, or that plugins in Python have a say about; and picks the best."""

from __future__ import annotations

from typing import Any

from binpack.plugins.kernels import inter_pod_affinity, pod_topology_spread, static_scores
from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import (
    ACTIVE,
    AFFINITY_WEIGHT,
    EXTERNAL,
    EXTRA,
    FAR,
    KUBE,
    NUMBERS,
    OPS,
    PREFER,
    PREFER_HOST,
    SCORED,
    SCORES,
    SEEN,
    SOFT_HOST,
    SOFT_KEYS,
    SOFT_ZONE,
    SOFTS,
    SPREAD_WEIGHT,
    STAMP,
    STATIC,
    STATIC_CODES,
    STATIC_KIND,
    STATIC_WEIGHTS,
)
from binpack.scheduler.kernels.ties import first_in_heap

normalized_spread = leaf(pod_topology_spread.normalized_spread)
normalized_affinity = leaf(inter_pod_affinity.normalized_affinity)
static_worth = leaf(static_scores.static_worth)


@leaf
def mark_scored(keys: int, labels: Any, shorts: Any) -> int:
    """Mark the feasible rows that have all the keys, and count them."""
    out, scored, rows = shorts[SCORES], shorts[SCORED], 0
    for row in range(len(out)):
        scored[row] = 1 if out[row] >= 0 else 0
    for key in range(len(labels)):
        if (keys >> key) & 1:
            for row in range(len(out)):
                scored[row] = scored[row] if labels[key, row] >= 0 else 0
    for row in range(len(out)):
        rows += scored[row]
    return rows


@leaf
def add_domain_part(op: Any, control: Any, codes: Any, scored: Any, sums: Any, logs: Any, seen: Any, values: Any, raw: Any) -> None:
    """Add one soft constraint by domain; rows without the label are one domain more, and nothing is added to them."""
    absent, domains = len(values) - 1, 0
    control[STAMP] += 1
    for row in range(len(raw)):
        if scored[row] == 1:
            code = codes[row] if codes[row] >= 0 else absent
            if seen[code] != control[STAMP]:
                seen[code] = control[STAMP]
                domains += 1
    for domain in range(absent):
        values[domain] = float(sums[op[2], domain]) * logs[domains] + float(op[4])
    values[absent] = 0.0
    for row in range(len(raw)):
        raw[row] += values[codes[row] if codes[row] >= 0 else absent]


@leaf
def add_host_part(weight: float, added: float, column: Any, codes: Any, raw: Any) -> None:
    """Add the soft constraint by hostname."""
    for row in range(len(raw)):
        part = column[row] * weight + added
        raw[row] += part if codes[row] >= 0 else 0.0


@leaf
def spread_rows(
    control: Any,
    parameters: Any,
    ops: Any,
    columns: Any,
    sums: Any,
    labels: Any,
    logs: Any,
    shorts: Any,
    longs: Any,
    marks: Any,
    values: Any,
    raw: Any,
    totals: Any,
) -> None:
    """Add the weighted spread score of each scored row to its total."""
    scored, numbers = shorts[SCORED], longs[NUMBERS]
    rows = mark_scored(parameters[SOFT_KEYS], labels, shorts)
    for row in range(len(raw)):
        raw[row] = 0.0
    for number in range(parameters[OPS]):
        op = ops[number]
        if op[0] == SOFT_HOST:
            add_host_part(logs[rows], float(op[4]), columns[op[1]], labels[op[2]], raw)
        elif op[0] == SOFT_ZONE:
            add_domain_part(op, control, labels[op[1]], scored, sums, logs, marks[SEEN], values, raw)
    lowest, highest, first = 0, 0, True
    for row in range(len(raw)):
        number = int(raw[row] + 0.5)
        numbers[row] = number
        if scored[row] == 1:
            lowest = number if first else min(lowest, number)
            highest = number if first else max(highest, number)
            first = False
    for row in range(len(raw)):
        if scored[row] == 1:
            totals[row] += control[SPREAD_WEIGHT] * normalized_spread(numbers[row], lowest, highest)


@leaf
def prefer_rows(control: Any, parameters: Any, ops: Any, columns: Any, sums: Any, labels: Any, out: Any, numbers: Any, totals: Any) -> None:
    """Add the weighted affinity score of each feasible row to its total."""
    for row in range(len(out)):
        numbers[row] = 0
    for number in range(parameters[OPS]):
        kind, factor = ops[number, 0], ops[number, 3]
        if kind == PREFER_HOST:
            column = columns[ops[number, 1]]
            for row in range(len(out)):
                numbers[row] += column[row] * factor
        elif kind == PREFER:
            codes, by_domain = labels[ops[number, 1]], sums[ops[number, 2]]
            for row in range(len(out)):
                if codes[row] >= 0:
                    numbers[row] += by_domain[codes[row]] * factor
    lowest, highest, first = 0, 0, True
    for row in range(len(out)):
        if out[row] >= 0:
            lowest = numbers[row] if first else min(lowest, numbers[row])
            highest = numbers[row] if first else max(highest, numbers[row])
            first = False
    if highest > lowest:
        for row in range(len(out)):
            if out[row] >= 0:
                totals[row] += control[AFFINITY_WEIGHT] * normalized_affinity(numbers[row], lowest, highest)


@leaf
def score_rows(
    control: Any,
    parameters: Any,
    ops: Any,
    prefers: bool,
    static: Any,
    static_tables: Any,
    static_codes: Any,
    columns: Any,
    sums: Any,
    labels: Any,
    logs: Any,
    worth: Any,
    shorts: Any,
    longs: Any,
    marks: Any,
    values: Any,
    raw: Any,
    totals: Any,
) -> None:
    """Write the total of each feasible row."""
    out = shorts[SCORES]
    for row in range(len(out)):
        totals[row] = out[row]
    if parameters[SOFTS] > 0:
        spread_rows(control, parameters, ops, columns, sums, labels, logs, shorts, longs, marks, values, raw, totals)
    if prefers:
        prefer_rows(control, parameters, ops, columns, sums, labels, out, longs[NUMBERS], totals)
    if parameters[STATIC_KIND] == STATIC_CODES:
        of, present = parameters[STATIC], 0
        for row in range(len(out)):
            if out[row] >= 0:
                present |= 1 << static[of, row]
        static_worth(static_tables[of], static_codes[of], present, control[STATIC_WEIGHTS:], worth)
        for row in range(len(out)):
            if out[row] >= 0:
                totals[row] += worth[static[of, row]]
    if parameters[EXTERNAL] == 1:
        for row in range(len(out)):
            totals[row] += longs[EXTRA, row]


@leaf
def best_row(
    rows: int,
    control: Any,
    out: Any,
    totals: Any,
    ranks: Any,
    tied: Any,
    by_zone: Any,
    zone_bits: Any,
    bits: Any,
    list_positions: Any,
    before: Any,
    kept: Any,
) -> int:
    """Return the feasible row with the highest total, by the tie rule."""
    best, best_rank, winner, ties = -FAR, FAR, -1, 0
    for row in range(len(out)):
        if out[row] >= 0 and totals[row] >= best:
            if totals[row] > best:
                best, best_rank, ties = totals[row], FAR, 0
            tied[ties] = row
            ties += 1
            if ranks[row] < best_rank:
                best_rank, winner = ranks[row], row
    if control[KUBE] == 0 or ties == 1 or rows == control[ACTIVE]:
        return winner
    for word in range(len(bits)):
        bits[word] = 0
    for row in range(len(out)):
        if out[row] >= 0:
            bits[list_positions[row] >> 6] |= 1 << (list_positions[row] & 63)
    found: int = first_in_heap(ties, tied, 0, by_zone, zone_bits, bits, list_positions, before, kept)
    return found
