"""Many names in one line: neighbours are folded (`worker-[1-4,9]`), and what does not fit is counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

# The last number of a host's name: what follows the first dot is its domain.
_LAST_NUMBER = re.compile(r"^([^.]*?)(\d+)([^.\d]*(?:\..*)?)$", re.DOTALL)
_DIGITS = re.compile(r"(\d+)")
_AND_MORE = len(" and 99999 more")


def name_list(names: Iterable[str], *, width: int) -> str:
    """Write names in natural order in at most `width` characters, as long as the first of them fits.

    Examples
    --------
    >>> name_list(["worker-2", "gpu", "worker-1", "worker-4"], width=60)
    'gpu, worker-[1-2,4]'
    >>> name_list([f"node-{i}{letter}" for i in range(9) for letter in "xyz"], width=40)
    'node-[0-8]x, node-[0-8]y, node-[0-8]z'
    >>> name_list(["one", "two", "three", "four"], width=20)
    'four, one and 2 more'
    """
    ordered = sorted(set(names), key=natural_key)
    whole = ", ".join(text for text, _ in _pieces(ordered, width))
    return whole if len(whole) <= width else _beginning(_pieces(ordered, width - _AND_MORE), width)


def natural_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Order names so that `node-9` comes before `node-10`.

    Examples
    --------
    >>> sorted(["b10", "b9", "a"], key=natural_key)
    ['a', 'b9', 'b10']
    """
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in _DIGITS.split(name))


def common_domain(names: Iterable[str]) -> str:
    """Return what follows the first dot in every name, the dot included; empty if that is not the same in all of several.

    Examples
    --------
    >>> common_domain(["ip-1.west.internal", "ip-2.west.internal"])
    '.west.internal'
    >>> common_domain(["ip-1.west.internal", "ip-2"])
    ''
    """
    listed = list(names)
    domains = {name[len(name.split(".", 1)[0]) :] for name in listed}
    return domains.pop() if len(domains) == 1 and len(listed) > 1 else ""


def shortened(name: str, width: int) -> str:
    """Cut the middle out of a name that is too long: its end tells it from its neighbours, its beginning what it is.

    Examples
    --------
    >>> shortened("gke-production-default-pool-3f2a-x9kq", 20)
    'gke-produ…-3f2a-x9kq'
    """
    if len(name) <= width:
        return name
    tail = width // 2
    return f"{name[: width - 1 - tail]}…{name[len(name) - tail :]}"


def _beginning(pieces: Sequence[tuple[str, int]], width: int) -> str:
    total = sum(count for _, count in pieces)
    shown, covered = "", 0
    for index, (text, count) in enumerate(pieces):
        longer = f"{shown}, {text}" if shown else text
        rest = total - covered - count
        if index and len(longer) + (len(f" and {rest} more") if rest else 0) > width:
            break
        shown, covered = longer, covered + count
    return shown if covered == total else f"{shown} and {total - covered} more"


def _pieces(names: Sequence[str], width: int) -> list[tuple[str, int]]:
    """Fold names that differ in their last number only; each piece fits the width, and comes with how many names it stands for."""
    groups: dict[tuple[str, str], list[str]] = {}
    order: list[tuple[str, str]] = []
    for name in names:
        match = _LAST_NUMBER.match(name)
        key = (match[1], match[3]) if match else (name, "\0")
        if key not in groups:
            order.append(key)
        groups.setdefault(key, []).append(match[2] if match else "")
    return [piece for key in order for piece in _fold(*key, groups[key], width)]


def _fold(prefix: str, suffix: str, numbers: Sequence[str], width: int) -> Iterator[tuple[str, int]]:
    if suffix == "\0":
        yield prefix, 1
        return
    padded = any(len(number) > 1 and number.startswith("0") for number in numbers)
    for _, same in groupby(sorted(numbers, key=lambda n: (len(n) if padded else 0, int(n))), key=lambda n: len(n) if padded else 0):
        inner, count = "", 0
        for text, size in _ranges(list(same)):
            if inner and len(f"{prefix}[{inner},{text}]{suffix}") > width:
                yield _folded(prefix, inner, suffix, count)
                inner, count = "", 0
            inner, count = f"{inner},{text}" if inner else text, count + size
        yield _folded(prefix, inner, suffix, count)


def _folded(prefix: str, inner: str, suffix: str, count: int) -> tuple[str, int]:
    return (f"{prefix}{inner}{suffix}" if count == 1 else f"{prefix}[{inner}]{suffix}"), count


def _ranges(numbers: Sequence[str]) -> Iterator[tuple[str, int]]:
    first = last = numbers[0]
    for number in [*numbers[1:], None]:
        if number is not None and int(number) == int(last) + 1:
            last = number
            continue
        yield first if first == last else f"{first}-{last}", int(last) - int(first) + 1
        if number is not None:
            first = last = number
