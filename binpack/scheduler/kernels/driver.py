"""Decides and places the pods of a tick, one after another, in one compiled call."""

from __future__ import annotations

from functools import cache
from typing import Any

from binpack.plugins.kernels import static_scores
from binpack.scheduler.kernels.bind import occupy, touch
from binpack.scheduler.kernels.domains import gather_zones, judge_zones, level_table, prefer_zones, weigh_zones
from binpack.scheduler.kernels.jit import entry, leaf
from binpack.scheduler.kernels.layout import (
    ACTIVE,
    ASKS_PYTHON,
    BY_ROW,
    CHOOSE,
    CHOSEN,
    EXTERNAL,
    FEASIBLE,
    JUDGE,
    JUDGED,
    KUBE,
    LOOKED_AT,
    NOT_COVERED,
    NOWHERE,
    OPS,
    PHASE,
    PREFER,
    PREFER_HOST,
    ROW_BY_ROW,
    SCORES,
    SHAPE,
    SOFT_HOST,
    SOFT_ZONE,
    SOFTS,
    START,
    STATIC,
    STATIC_CODES,
    STATIC_KIND,
    STATIC_WEIGHTS,
    TIES,
    TO_FIND,
    WHOLE,
    Z_CODES,
    Z_ROWS,
    ZONES,
)
from binpack.scheduler.kernels.rooms import make_room
from binpack.scheduler.kernels.row_filters import judge_rows
from binpack.scheduler.kernels.row_scores import best_row, score_rows
from binpack.scheduler.kernels.sample import first_found, take_sample
from binpack.scheduler.kernels.search import bound_blocks, search
from binpack.scheduler.kernels.stamp import kernel_sources, stamp_of
from binpack.scheduler.kernels.stream import catch_up, journal_states
from binpack.scheduler.kernels.summarise import summarise
from binpack.scheduler.kernels.ties import first_in_heap

static_worth = leaf(static_scores.static_worth)


@leaf
def note_soft(parameters: Any, ops: Any, hosts: Any) -> bool:
    """Note which soft constraint is the one by hostname; return whether affinity is scored."""
    soft, prefers = 0, False
    for number in range(parameters[OPS]):
        if ops[number, 0] == SOFT_HOST or ops[number, 0] == SOFT_ZONE:
            hosts[soft] = 1 if ops[number, 0] == SOFT_HOST else 0
            soft += 1
        prefers |= ops[number, 0] == PREFER or ops[number, 0] == PREFER_HOST
    return prefers


@leaf
def all_codes(zones: int, by_zone: Any) -> int:
    """Return the static codes of all feasible rows, as bits."""
    codes = 0
    for zone in range(zones):
        if by_zone[Z_ROWS, zone] > 0:
            codes |= by_zone[Z_CODES, zone]
    return codes


@cache
def make_driver() -> Any:
    """Return the compiled call. Its key on disk holds the stamp of all kernel sources, for it is a value of the closure."""
    return _with_stamp(stamp_of(kernel_sources()))


def _with_stamp(stamp: int) -> Any:
    # One function on purpose, longer than ours are: handing its arrays from function to function would cost more than the work.
    def driver(  # type: ignore[no-untyped-def]
        which_of, answers, control, allocatable, requested, nonzero, allowed_pods, pod_counts, ratios, ring, states,
        shapes, rest, positions, static, static_tables, static_codes, columns, sums, vectors, present,
        touch_starts, touches, sum_starts, column_sums, zone_codes, labels, block_zone, classes, all_ops, placed,
        summaries, masks, words, bits, seen, ranks, block_ranks, list_positions, ordered, zone_bits, logs,
        by_zone, parts, levels, hosts, worth, bounds, scores, totals, tied, marks, domain_values, before, kept, dirty,
        lines, usual, shorts, longs, raw, row_bits,
    ):  # fmt: skip
        samples = control[TO_FIND] < control[ACTIVE]
        journal_states(control, ring, states, allocatable, requested, nonzero, allowed_pods, pod_counts)
        for index in range(len(which_of)):
            which = which_of[index]
            if which < 0 or stamp < 0:
                return index, NOT_COVERED
            parameters, ops = classes[which], all_ops[which]
            if parameters[EXTERNAL] == 1 and control[PHASE] == WHOLE:
                return index, ASKS_PYTHON
            if samples and parameters[EXTERNAL] == 1:
                return index, NOT_COVERED
            by_row, row, rows, looked = samples or parameters[ROW_BY_ROW] == 1, -1, 0, control[ACTIVE]
            prefers = note_soft(parameters, ops, hosts)
            if control[PHASE] != CHOOSE:
                catch_up(
                    parameters[SHAPE], control, shapes, rest, positions, ring, states, allocatable, requested, nonzero, allowed_pods,
                    pod_counts, ratios, lines, usual,
                )  # fmt: skip
                make_room(which, parameters, ops, columns, vectors, sums, ranks, seen)
            if not by_row:
                summarise(
                    which, control, parameters, ops, rest, static, columns, vectors, ring, seen,
                    summaries, masks, words, bits, list_positions, dirty, scores,
                )  # fmt: skip
                gather_zones(control[ZONES], summaries[which], masks[which], block_zone, by_zone)
                rows = judge_zones(control, parameters, ops, columns, sums, present, zone_codes, by_zone)
                if rows == 0:
                    return index, NOWHERE
                if prefers:
                    prefer_zones(control, parameters, ops, sums, zone_codes, by_zone)
                if parameters[SOFTS] > 0:
                    weigh_zones(control, parameters, ops, sums, zone_codes, by_zone, rows, logs, marks[0], parts)
                    by_row = level_table(control, parameters[SOFTS], hosts, by_zone, parts, levels) != 0
            if by_row:
                if control[PHASE] == CHOOSE:
                    rows = control[FEASIBLE]
                else:
                    control[BY_ROW] += 1
                    rows = judge_rows(parameters, ops, rest, static, columns, vectors, sums, present, labels, shorts, marks)
                if rows == 0:
                    return index, NOWHERE
                if control[PHASE] == JUDGE:
                    control[FEASIBLE] = rows
                    return index, JUDGED
                if samples:
                    looked = take_sample(control, ordered, shorts[SCORES])
                    rows = min(rows, control[TO_FIND])
                score_rows(
                    control, parameters, ops, prefers, static, static_tables, static_codes, columns, sums, labels, logs, worth,
                    shorts, longs, marks, domain_values, raw, totals,
                )  # fmt: skip
                if samples and control[KUBE] == 1:
                    row = first_found(control, ordered, shorts[SCORES], totals)
                else:
                    row = best_row(
                        rows, control, shorts[SCORES], totals, ranks, tied, by_zone, zone_bits, row_bits, list_positions, before, kept
                    )  # fmt: skip
            else:
                if parameters[STATIC_KIND] == STATIC_CODES:
                    of, codes = parameters[STATIC], all_codes(control[ZONES], by_zone)
                    static_worth(static_tables[of], static_codes[of], codes, control[STATIC_WEIGHTS:], worth)
                first = bound_blocks(parameters, summaries[which], masks[which], block_zone, by_zone, levels, worth, bounds)
                collect = control[KUBE] == 1 and rows < control[ACTIVE]
                row = search(
                    first, collect, control, parameters, ops, rest, static, columns, vectors, block_zone, by_zone,
                    levels, worth, bounds, ranks, block_ranks, scores, totals, tied,
                )  # fmt: skip
                if collect and control[TIES] > 1:
                    row = first_in_heap(
                        control[TIES], tied, control[ZONES], by_zone, zone_bits, bits[which], list_positions, before, kept
                    )  # fmt: skip
            occupy(row, control, placed[which], allocatable, requested, nonzero, allowed_pods, pod_counts, ring, states)
            touch(row, which, touch_starts, touches, sum_starts, column_sums, columns, sums, vectors)
            answers[CHOSEN, index], answers[LOOKED_AT, index] = row, looked
            control[START] = (control[START] + looked) % control[ACTIVE]
        return len(which_of), 0

    return entry(driver)
