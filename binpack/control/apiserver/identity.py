"""Names and uids that the API server makes up, drawn from the run's stream so that a run can be repeated.

Source: apiserver pkg/storage/names/generate.go, v1.35 (five characters without vowels or look-alikes; the prefix is cut to 58).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5
MAX_PREFIX_LENGTH = 63 - SUFFIX_LENGTH
_PAIRS = [first + second for second in ALPHABET for first in ALPHABET]


class Identities:
    """A source of uids and of random name suffixes.

    Parameters
    ----------
    stream : numpy.random.Generator
        Where they are drawn from.
    """

    __slots__ = ("_stream",)

    def __init__(self, stream: np.random.Generator) -> None:
        self._stream = stream

    @property
    def state(self) -> Mapping[str, Any]:
        """Where the stream stands."""
        return self._stream.bit_generator.state

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        self._stream.bit_generator.state = state

    def uid(self) -> str:
        """Draw a uid in the form of a random UUID."""
        raw = self._stream.bit_generator.random_raw
        digits = f"{raw():016x}{raw():016x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def name(self, prefix: str) -> str:
        """Complete a `generateName`."""
        picks, first = divmod(self._stream.bit_generator.random_raw(), len(_PAIRS))
        picks, second = divmod(picks, len(_PAIRS))
        return f"{prefix[:MAX_PREFIX_LENGTH]}{_PAIRS[first]}{_PAIRS[second]}{ALPHABET[picks % len(ALPHABET)]}"
