"""`orlib`: the one-dimensional sets `binpack1` to `binpack8` of the OR-Library (Beasley), several instances a file.

The number of instances; then for each its name, a line of capacity, number of items and best known number of bins, and a size a line.
Sizes may have decimals (the triplets do): capacity and sizes are multiplied by the same power of ten, exactly.
"""

from __future__ import annotations

import re

from binpack.errors import InstanceError
from binpack.optimal.instances.instance import Instance, Item, checked
from binpack.optimal.instances.lines import Line, Lines

_DECIMAL = re.compile(r"\d{1,20}(\.\d{0,9})?")
_HEADER = "the capacity, the number of items >= 1 and the best known number of bins"
MOST_NAMES = 10


def parse_orlib(path: str, text: str, name: str) -> Instance:
    """Read the instance that is called `name`; or the only one, for an empty name.

    Raises
    ------
    InstanceError
        With the line that is wrong, or with the names that there are.
    """
    lines = Lines(path, text)
    count = lines.next("the number of instances").integers(1, "the number of instances, one integer >= 1", low=1)[0]
    found: list[Instance] = []
    names: list[str] = []
    for _ in range(count):
        title = " ".join(lines.next(f"{count} instances").words)
        names.append(title)
        read = _instance(lines, path, title, wanted=title == name or (not name and count == 1))
        if read is not None:
            found.append(read)
    lines.end(f"nothing after {count} instances, as the file says")
    if len(found) == 1:
        return found[0]
    shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    if found:
        raise InstanceError(f'{path}: {len(found)} instances are called "{name}" (accepted: a name that one has; there are {shown})')
    if name:
        raise InstanceError(f'{path}: no instance is called "{name}" (accepted: {shown})')
    raise InstanceError(f"{path}: has {count} instances (accepted: {path}#NAME, one of {shown})")


def _instance(lines: Lines, path: str, name: str, *, wanted: bool) -> Instance | None:
    header = lines.next(_HEADER)
    if len(header.words) != 3:
        header.refuse(_HEADER)
    count = header.integer(header.words[1], _HEADER, low=1)
    best = header.integer(header.words[2], _HEADER)
    places = [lines.next(f"{count} sizes of {name}") for _ in range(count)]
    if not wanted:
        return None
    numbers = [_decimal(header, header.words[0], _HEADER), *(_size(line) for line in places)]
    digits = max(len(fraction) for _, fraction in numbers)
    capacity, *sizes = [int(whole + fraction.ljust(digits, "0")) for whole, fraction in numbers]
    items = tuple(Item((size,), 1, line.number) for size, line in zip(sizes, places, strict=True))
    instance = Instance(path, name, "orlib", (capacity,), items, 10**digits, best or None)
    return checked(instance, capacity_line=header.number)


def _size(line: Line) -> tuple[str, str]:
    if len(line.words) != 1:
        line.refuse("one size, a number >= 0")
    return _decimal(line, line.words[0], "one size, a number >= 0")


def _decimal(line: Line, word: str, accepted: str) -> tuple[str, str]:
    """Digits before and after the point, without zeros at the end."""
    if _DECIMAL.fullmatch(word) is None:
        line.refuse(f"{accepted}, with at most nine decimals")
    whole, _, fraction = word.partition(".")
    return whole, fraction.rstrip("0")
