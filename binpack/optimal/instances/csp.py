"""`csp`: the one-dimensional format of BPPLIB (Delorme, Iori and Martello), as cutting stock or as bin packing.

m, the number of lines of items; c, the capacity; then m lines of a weight and its demand, or of a weight alone.
"""

from __future__ import annotations

from binpack.optimal.instances.instance import Instance, Item, checked
from binpack.optimal.instances.lines import Line, Lines

_ITEM = "a weight and its demand, or a weight alone: integers >= 0, the demand >= 1"


def parse_csp(path: str, text: str) -> Instance:
    """Read the one instance of a file of BPPLIB.

    Raises
    ------
    InstanceError
        With the line that is wrong.
    """
    lines = Lines(path, text)
    count = lines.next("the number of items").integers(1, "the number of items, one integer >= 1", low=1)[0]
    header = lines.next("the capacity of a bin")
    capacity = header.integers(1, "the capacity of a bin, one integer >= 0")
    items = [_item(lines.next(f"{count} lines of items")) for _ in range(count)]
    lines.end(f"nothing after {count} items, as the file says")
    return checked(Instance(path, "", "csp", tuple(capacity), tuple(items)), capacity_line=header.number)


def _item(line: Line) -> Item:
    if len(line.words) == 1:
        return Item((line.integers(1, _ITEM)[0],), 1, line.number)
    weight, demand = line.integers(2, _ITEM)
    if demand == 0:
        line.refuse("a demand >= 1; leave out items that nobody wants")
    return Item((weight,), demand, line.number)
