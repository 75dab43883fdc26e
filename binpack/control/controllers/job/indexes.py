"""Completion indexes of an Indexed Job, as intervals: `1,3-5,7,8`.

Source: pkg/controller/job/indexed_job_utils.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable

from binpack.model.pod import Pod

INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"

Intervals = tuple[tuple[int, int], ...]
"""First and last index of each, ascending and apart."""


def index_of(pod: Pod) -> int | None:
    """Return a pod's completion index; None if it has none that is valid."""
    text = pod.metadata.annotations.get(INDEX_ANNOTATION, "")
    return int(text) if text.isascii() and text.isdigit() else None


def parse_indexes(text: str, completions: int) -> Intervals:
    """Read a stored list; what is malformed, or not below `completions`, is left out."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            continue
        start, end = int(first), int(last) if dash else int(first)
        found.extend(range(start, min(end, completions - 1) + 1))
    return intervals_of(found)


def format_indexes(intervals: Intervals) -> str:
    """Write intervals: three or more in a row with a dash, two with a comma.

    Examples
    --------
    >>> format_indexes(intervals_of([1, 3, 4, 5, 7, 8]))
    '1,3-5,7,8'
    """
    parts = []
    for first, last in intervals:
        if last - first >= 2:
            parts.append(f"{first}-{last}")
        else:
            parts.extend(str(index) for index in range(first, last + 1))
    return ",".join(parts)


def intervals_of(indexes: Iterable[int]) -> Intervals:
    """Gather indexes, in any order and any number of times each, into intervals."""
    intervals: list[tuple[int, int]] = []
    for index in sorted(indexes):
        if intervals and index <= intervals[-1][1] + 1:
            intervals[-1] = (intervals[-1][0], max(intervals[-1][1], index))
        else:
            intervals.append((index, index))
    return tuple(intervals)


def with_indexes(intervals: Intervals, indexes: Iterable[int], completions: int) -> Intervals:
    """Add indexes, as far as they are below `completions`."""
    return intervals_of([*(one for one in indexes if 0 <= one < completions), *_members(intervals)])


def count_of(intervals: Intervals) -> int:
    """Return how many indexes there are."""
    return sum(last - first + 1 for first, last in intervals)


def has_index(intervals: Intervals, index: int) -> bool:
    """Tell whether an index is in one of the intervals."""
    return any(first <= index <= last for first, last in intervals)


def intersection(first: Intervals, second: Intervals) -> Intervals:
    """Return the indexes that are in both."""
    common = set(_members(second))
    return intervals_of(index for index in _members(first) if index in common)


def first_pending(count: int, completions: int, active: Iterable[int], *done: Intervals) -> list[int]:
    """Return up to `count` of the lowest indexes that are neither active nor in one of the intervals."""
    taken = set(active)
    for intervals in done:
        taken.update(_members(intervals))
    pending: list[int] = []
    for index in range(completions):
        if len(pending) >= count:
            break
        if index not in taken:
            pending.append(index)
    return pending


def _members(intervals: Intervals) -> Iterable[int]:
    return (index for first, last in intervals for index in range(first, last + 1))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
