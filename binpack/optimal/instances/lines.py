"""Lines of numbers, with their place for messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from binpack.errors import InstanceError

MOST_DIGITS = 40
"""Longer numbers are no sizes; reading them would take time that grows with the square of their length."""


@dataclass(frozen=True)
class Line:
    """A line that is not empty: its number in the file, from 1, and its words."""

    title: str
    number: int
    words: tuple[str, ...]

    def integers(self, count: int, accepted: str, *, low: int = 0) -> list[int]:
        """Read all words as integers.

        Raises
        ------
        InstanceError
            If there are more or fewer than `count`, or if one is no integer >= low.
        """
        if len(self.words) != count:
            self.refuse(accepted)
        return [self.integer(word, accepted, low=low) for word in self.words]

    def integer(self, word: str, accepted: str, *, low: int = 0) -> int:
        """Read one word as an integer >= low."""
        if len(word) > MOST_DIGITS or not (word.isascii() and word.isdigit()) or int(word) < low:
            self.refuse(accepted)
        return int(word)

    def refuse(self, accepted: str) -> NoReturn:
        """Say what the line holds and what is accepted."""
        seen = " ".join(self.words)
        shown = seen if len(seen) <= 60 else seen[:57] + "..."
        raise InstanceError(f'{self.title}, line {self.number}: "{shown}" (accepted: {accepted})')


class Lines:
    """The lines of a text that have words, one after the other; what follows `#` on a line is a remark."""

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self._rest = self._read(text)
        self.last = 0

    def next(self, accepted: str) -> Line:
        """Return the next line.

        Raises
        ------
        InstanceError
            If there is none; `accepted` says what should be there.
        """
        for line in self._rest:
            self.last = line.number
            return line
        raise InstanceError(f"{self.title}: ends after line {self.last} (accepted: {accepted})")

    def end(self, accepted: str) -> None:
        """Make sure that nothing follows."""
        for line in self._rest:
            line.refuse(accepted)

    def _read(self, text: str) -> Iterator[Line]:
        for number, line in enumerate(text.splitlines(), 1):
            words = tuple(line.partition("#")[0].split())
            if words:
                yield Line(self.title, number, words)
