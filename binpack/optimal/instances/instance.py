"""A bin packing instance as a file states it: equal bins without limit, and items with a demand."""

from __future__ import annotations

from dataclasses import dataclass

from binpack.errors import InstanceError


@dataclass(frozen=True)
class Item:
    """One line of items.

    Attributes
    ----------
    sizes : tuple[int, ...]
        One for each dimension, in units of the file times the instance's `multiplier`.
    demand : int
        At least 1.
    line : int
        Where it stands in the file, from 1.
    """

    sizes: tuple[int, ...]
    demand: int
    line: int


@dataclass(frozen=True)
class Instance:
    """One instance.

    Attributes
    ----------
    path : str
        The file.
    name : str
        Of the instance, where the file has names; else empty.
    format : {"vbp", "csp", "orlib"}
    capacity : tuple[int, ...]
        Of a bin, one for each dimension.
    items : tuple[Item, ...]
        In the order of the file.
    multiplier : int
        What the numbers of the file were multiplied with to become integers; 1 where they are.
    best_known : int or None
        Fewest bins, as far as the file says.
    """

    path: str
    name: str
    format: str
    capacity: tuple[int, ...]
    items: tuple[Item, ...]
    multiplier: int = 1
    best_known: int | None = None

    @property
    def title(self) -> str:
        """How it is called in messages: FILE, or FILE#NAME."""
        return f"{self.path}#{self.name}" if self.name else self.path

    @property
    def demand(self) -> int:
        """All items."""
        return sum(item.demand for item in self.items)


def checked(instance: Instance, *, capacity_line: int) -> Instance:
    """Return the instance, unless it cannot have a solution.

    Raises
    ------
    InstanceError
        If there is no item, if a bin can hold nothing, or if an item is larger than a bin; with its line.
    """
    if not any(instance.capacity):
        raise InstanceError(
            f"{instance.title}, line {capacity_line}: a bin that can hold nothing, its capacity is 0"
            " (accepted: an integer >= 1 in at least one dimension)"
        )
    if not instance.items:
        raise InstanceError(f"{instance.title}: no items (accepted: at least one)")
    for item in instance.items:
        for dimension, (size, room) in enumerate(zip(item.sizes, instance.capacity, strict=True)):
            if size > room:
                where = f" in dimension {dimension + 1}" if len(item.sizes) > 1 else ""
                told, most = _told(size, instance.multiplier), _told(room, instance.multiplier)
                raise InstanceError(
                    f"{instance.title}, line {item.line}: an item of size {told}{where} is larger than any bin"
                    f" (accepted: at most {most}; make the bins larger or leave the item out)"
                )
    return instance


def _told(number: int, multiplier: int) -> str:
    return str(number) if multiplier == 1 else f"{number / multiplier:g}"
