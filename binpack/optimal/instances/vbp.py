"""`.vbp`: vector bin packing, the format of VPSolver (Brandão and Pedroso).

R, the number of dimensions; R capacities; m, the number of different items; then m lines of R sizes and a demand.
"""

from __future__ import annotations

from binpack.optimal.instances.instance import Instance, Item, checked
from binpack.optimal.instances.lines import Lines


def parse_vbp(path: str, text: str) -> Instance:
    """Read the one instance of a `.vbp` file.

    Raises
    ------
    InstanceError
        With the line that is wrong.
    """
    lines = Lines(path, text)
    dimensions = lines.next("the number of dimensions").integers(1, "the number of dimensions, one integer >= 1", low=1)[0]
    expected = f"the capacity of a bin: {dimensions} integers >= 0"
    header = lines.next(expected)
    capacity = header.integers(dimensions, expected)
    count = lines.next("the number of items").integers(1, "the number of items, one integer >= 1", low=1)[0]
    expected = f"{dimensions} sizes and a demand: integers >= 0, the demand >= 1"
    items = []
    for _ in range(count):
        line = lines.next(f"{count} lines of items")
        *sizes, demand = line.integers(dimensions + 1, expected)
        if demand == 0:
            line.refuse("a demand >= 1; leave out items that nobody wants")
        items.append(Item(tuple(sizes), demand, line.number))
    lines.end(f"nothing after {count} items, as the file says")
    return checked(Instance(path, "", "vbp", tuple(capacity), tuple(items)), capacity_line=header.number)
