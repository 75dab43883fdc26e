"""The arrays that kernels work on: by class, by shape, by block. Kept in step with the plans and the nodes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from binpack.scheduler.fast.compile import PlanCompiler
from binpack.scheduler.fast.encoding import encode_class, encode_operations, encode_placed, goes_row_by_row
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.fast.shape_codes import encode_shape
from binpack.scheduler.fast.statics import StaticSlot
from binpack.scheduler.kernels import layout as at
from binpack.scheduler.ties import heap_pre_order
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster
from binpack.state.columns import grown
from binpack.state.rows import BLOCK

UNSEEN = -1
NOT_COVERED = -1


class ClassTables:
    """What kernels know of each class.

    Parameters
    ----------
    cluster : Cluster
    compiler : PlanCompiler

    Attributes
    ----------
    classes, operations, placed : NDArray[np.int64]
        Parameters by class, shapes [classes, CLASS_WIDTH], [classes, MAX_OPS, OP_WIDTH], [classes, PLACED_WIDTH].
    shapes : NDArray[np.int64]
        Parameters by shape slot, shape [slots, SHAPE_WIDTH].
    static, static_tables, static_codes
        By static slot: the code of each row, the table of codes, how many there are.
    summaries, masks, words, bits, seen
        By class: block summaries, static codes in them, feasible rows by block and by list position; the journal position they are of.
    keys : dict[str, int]
        Numbers of topology keys.
    """

    def __init__(self, cluster: Cluster, compiler: PlanCompiler) -> None:
        self._cluster = cluster
        self._compiler = compiler
        self.keys: dict[str, int] = {}
        self._plans: list[Plan | None] = []
        self._numbers: dict[PodClass, int] = {}
        self._shape_epoch = 0
        self._static_slots: list[StaticSlot | None] = []
        self._static_kinds: list[int] = []
        self._static_versions: list[int] = []
        self.classes: NDArray[np.int64] = np.zeros((0, at.CLASS_WIDTH), np.int64)
        self.operations: NDArray[np.int64] = np.zeros((0, at.MAX_OPS, at.OP_WIDTH), np.int64)
        self.placed: NDArray[np.int64] = np.zeros((0, at.PLACED_WIDTH), np.int64)
        self.shapes: NDArray[np.int64] = np.zeros((0, at.SHAPE_WIDTH), np.int64)
        self._shapes_encoded = 0
        self.static: NDArray[np.int8] = np.zeros((0, 0), np.int8)
        self.static_tables: NDArray[np.int64] = np.zeros((0, 32, 3), np.int64)
        self.static_codes: NDArray[np.int64] = np.zeros(0, np.int64)
        self.seen: NDArray[np.int64] = np.zeros(0, np.int64)
        self.lay_out()

    def lay_out(self) -> None:
        """Make everything that has an entry a block anew: the rows have changed."""
        lines, blocks = len(self.classes), self._cluster.capacity // BLOCK
        self.summaries: NDArray[np.int32] = np.zeros((lines, blocks, at.SUMMARY_WIDTH), np.int32)
        self.masks: NDArray[np.int64] = np.zeros((lines, blocks), np.int64)
        self.words: NDArray[np.int64] = np.zeros((lines, blocks), np.int64)
        self.bits: NDArray[np.int64] = np.zeros((lines, (len(self._cluster) + 63) // 64), np.int64)
        self.seen = np.full(lines, UNSEEN, np.int64)
        self.static = np.zeros((len(self.static_codes), self._cluster.capacity), np.int8)
        self._static_slots = [None] * len(self.static_codes)
        # A plan that no kernel covered may be covered now, and the other way round.
        self._plans = [None] * len(self._plans)

    def follow(self, *, order_changed: bool) -> None:
        """Follow nodes that have changed: their rows are in the journal, so that only their blocks will be summarised again.

        Parameters
        ----------
        order_changed : bool
            The bitmaps by list position mean other rows now, if there are any: they are made anew, with all summaries.
        """
        capacity = self._cluster.capacity
        if self.static.shape[1] != capacity:
            self.static = grown(self.static, capacity)
            for name in ("masks", "words"):
                setattr(self, name, grown(getattr(self, name), capacity // BLOCK))
            more = np.zeros((len(self.classes), capacity // BLOCK - self.summaries.shape[1], at.SUMMARY_WIDTH), np.int32)
            self.summaries = np.concatenate([self.summaries, more], axis=1)
        if order_changed:
            self.bits = np.zeros((len(self.classes), (len(self._cluster) + 63) // 64), np.int64)
            self.words[:] = 0
            self.seen[:] = UNSEEN
        for slot, kept in enumerate(self._static_slots):
            if kept is not None:
                self._follow_static(slot, kept)
        for number in np.flatnonzero(self.classes[: len(self._plans), at.SHAPE] == NOT_COVERED):
            self._plans[number] = None

    def _follow_static(self, slot: int, kept: StaticSlot) -> None:
        kind = self._static_kinds[slot]
        users = np.flatnonzero(self.classes[: len(self._plans), at.STATIC] == slot)
        try:
            now = self._encode_static(slot)
        except NotCachedError:
            self.classes[users, at.SHAPE] = NOT_COVERED
            return
        self.classes[users, at.STATIC_KIND] = now
        if self._static_slots[slot] is not kept or (now == at.STATIC_CODES and kind != now):
            # The blocks' masks are of other codes, or there are none.
            for number in users.tolist():
                self._unsee(number)

    def number(self, plan: Plan | None) -> int:
        """Return a plan's number, encoding it if it is new; `NOT_COVERED` if kernels do not cover it."""
        if plan is None:
            return NOT_COVERED
        number = self._numbers.get(plan.pod_class)
        if number is None:
            number = self._numbers[plan.pod_class] = len(self._numbers)
            self._plans.append(None)
            self._make_room()
        if self._plans[number] is not plan:
            self._plans[number] = plan
            self.classes[number, at.SHAPE] = NOT_COVERED
            with suppress(NotCachedError):
                self._encode(number, plan)
        return number if self.classes[number, at.SHAPE] != NOT_COVERED else NOT_COVERED

    def _encode(self, number: int, plan: Plan) -> None:
        operations = encode_operations(plan, self.keys)
        placed = encode_placed(self._cluster, plan)
        if operations is None or placed is None or not self._encode_shape(plan.shape):
            return
        self.operations[number], self.placed[number] = operations, placed
        by_row, static_kind = goes_row_by_row(plan, self._compiler.geometry), self._encode_static(plan.static)
        self.classes[number] = encode_class(plan, operations, self.keys, static_kind, by_row=by_row)
        self._unsee(number)

    def _unsee(self, number: int) -> None:
        self.seen[number] = UNSEEN
        self.words[number] = 0
        self.bits[number] = 0

    def _encode_shape(self, slot: int) -> bool:
        slots = self._compiler.shapes
        if self._shape_epoch != slots.epoch:
            self._shape_epoch, self._shapes_encoded = slots.epoch, 0
        if len(slots.rest) > len(self.shapes):
            self.shapes = np.concatenate([self.shapes, np.zeros((len(slots.rest) - len(self.shapes), at.SHAPE_WIDTH), np.int64)])
        for number in range(self._shapes_encoded, len(slots.shapes)):
            code = encode_shape(self._cluster, slots, number)
            self.shapes[number, at.STRATEGY] = NOT_COVERED
            if code is not None:
                self.shapes[number] = code
        self._shapes_encoded = len(slots.shapes)
        return bool(self.shapes[slot, at.STRATEGY] != NOT_COVERED)

    def _encode_static(self, slot: int) -> int:
        statics = self._compiler.statics
        while len(self.static_codes) <= slot:
            more = max(8, len(self.static_codes))
            self.static = np.concatenate([self.static, np.zeros((more, self._cluster.capacity), np.int8)])
            self.static_tables = np.concatenate([self.static_tables, np.zeros((more, 32, 3), np.int64)])
            self.static_codes = np.concatenate([self.static_codes, np.zeros(more, np.int64)])
            self._static_slots += [None] * more
            self._static_kinds += [at.NO_STATIC] * more
            self._static_versions += [UNSEEN] * more
        current = statics.current(slot)
        if self._static_slots[slot] is not current or self._static_versions[slot] != current.version:
            self._static_slots[slot], self._static_versions[slot] = current, current.version
            self.static[slot] = current.codes
            self.static_tables[slot, : len(current.table)] = current.table
            self.static_codes[slot] = len(current.table)
            # Holes are out already: they hold no pods.
            everywhere = bool((current.codes[self._cluster.active] >= 0).all())
            self._static_kinds[slot] = at.STATIC_CODES if not current.trivial else at.NO_STATIC if everywhere else at.STATIC_MASK
        return self._static_kinds[slot]

    def _make_room(self) -> None:
        if len(self._numbers) <= len(self.classes):
            return
        more = max(16, len(self.classes))
        for name in ("classes", "operations", "placed", "summaries", "masks", "words", "bits"):
            array = getattr(self, name)
            setattr(self, name, np.concatenate([array, np.zeros((more, *array.shape[1:]), array.dtype)]))
        self.seen = np.concatenate([self.seen, np.full(more, UNSEEN, np.int64)])


class TouchTables:
    """Touch lists and sums as ranges in flat arrays.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._version: Hashable = None
        self.starts: NDArray[np.int32] = np.zeros(1, np.int32)
        self.touches: NDArray[np.int32] = np.zeros((0, 2), np.int32)
        self.sum_starts: NDArray[np.int32] = np.zeros(1, np.int32)
        self.sums: NDArray[np.int32] = np.zeros((0, 2), np.int32)

    def refresh(self, numbers: Mapping[PodClass, int], as_of: Hashable) -> None:
        """Follow the touch lists of some classes, given by number, and the sums over the columns that these touch.

        Other classes have empty ranges: in a long simulation there are thousands, and a tick binds pods of few.
        """
        counts = self._cluster.counts
        version = (counts.version, counts.epoch, as_of, len(numbers), len(counts.sums.column_of))
        if version == self._version:
            return
        lists = {number: counts.touches(pod_class) for pod_class, number in numbers.items() if number >= 0}
        # Touch lists of classes without pods are made just now.
        self._version = (counts.version, counts.epoch, as_of, len(numbers), len(counts.sums.column_of))
        self.starts, self.touches = _flat(lists)
        by_column, vector_of = counts.sums.by_column, counts.sums.vector_of
        columns = {column for touches in lists.values() for column, _ in touches}
        self.sum_starts, self.sums = _flat({column: [(s, vector_of[s]) for s in by_column.get(column, ())] for column in columns})


class NodeTables:
    """What the nodes determine: zones, tie keys, list positions.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.logs: NDArray[np.float64] = np.zeros(0, np.float64)

    def lay_out(self, compiler: PlanCompiler, *, kube: bool, start: int) -> None:
        """Make everything anew."""
        cluster, geometry = self._cluster, compiler.geometry
        self.block_zone = geometry.block_zone
        ordered = np.roll(cluster.rows_in_order(), -start)
        self.ordered: NDArray[np.int32] = ordered.astype(np.int32)
        self.list_positions: NDArray[np.int32] = np.zeros(cluster.capacity, np.int32)
        self.list_positions[ordered] = np.arange(len(ordered), dtype=np.int32)
        self.ranks: NDArray[np.int32] = np.full(cluster.capacity, at.FAR, np.int32)
        self.ranks[ordered] = heap_pre_order(len(ordered)) if kube else cluster.name_ranks()[ordered]
        self.block_ranks = self.ranks.reshape(-1, BLOCK).min(axis=1)
        if len(self.logs) < len(ordered) + 2:
            # Some more, for nodes that join one by one.
            self.logs = np.array([math.log(domains + 2) for domains in range(len(ordered) + 2 + BLOCK)])
        flags = np.zeros((geometry.zones, (len(ordered) + 63) // 64 * 64), np.uint8)
        flags[np.repeat(geometry.block_zone, BLOCK)[ordered], np.arange(len(ordered))] = 1
        self.zone_bits = np.packbits(flags, axis=1, bitorder="little").view(np.int64)
        self._make_scratch(geometry.zones, len(self.block_zone))

    def _make_scratch(self, zones: int, blocks: int) -> None:
        capacity, words = self._cluster.capacity, self.zone_bits.shape[1]
        self.by_zone = np.zeros((at.Z_LINES, max(zones, 1)), np.int64)
        self.parts = np.zeros((at.MAX_SOFT, max(zones, 2)), np.float64)
        self.levels = np.zeros((max(zones, 1), at.LEVELS), np.int32)
        self.hosts = np.zeros(at.MAX_SOFT, np.int64)
        self.worth = np.zeros(32, np.int64)
        self.bounds = np.zeros(blocks, np.int32)
        self.scores = np.zeros(BLOCK, np.int16)
        self.totals = np.zeros(capacity, np.int32)
        self.tied = np.zeros(capacity, np.int32)
        self.before = np.zeros(words, np.int64)
        self.kept = np.zeros(words, np.int64)
        self.dirty = np.zeros(blocks, np.uint8)
        self.lines = np.zeros((at.LINES, at.CHUNK), np.float64)
        self.usual = np.zeros(8, np.float64)
        self.shorts = np.zeros((at.SHORTS, capacity), np.int16)
        self.longs = np.zeros((at.LONGS, capacity), np.int64)
        self.raw = np.zeros(capacity, np.float64)
        self.row_bits = np.zeros(words, np.int64)


def _flat(lists: Mapping[int, Sequence[tuple[int, int]]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where the pairs of each number begin, and all pairs in the order of the numbers."""
    numbers = sorted(lists)
    starts = np.zeros(max(numbers, default=0) + 2, np.int32)
    starts[[number + 1 for number in numbers]] = [len(lists[number]) for number in numbers]
    np.cumsum(starts, out=starts)
    return starts, np.array([pair for number in numbers for pair in lists[number]], np.int32).reshape(-1, 2)
