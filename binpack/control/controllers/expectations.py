"""What a controller has asked for and not yet seen: it creates and deletes nothing more until it has.

Without this a controller that reads a lagging cache would create its pods twice.
Source: pkg/controller/controller_utils.go (ControllerExpectations, UIDTrackingControllerExpectations), v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from binpack.units import US_PER_MINUTE

EXPECTATIONS_TIMEOUT_US = 5 * US_PER_MINUTE


@dataclass(slots=True)
class Expectation:
    """What one key waits for.

    Parameters
    ----------
    creations : int
        How many objects are to appear.
    deletions : dict[str, None]
        Which objects are to vanish (or to be seen terminating), by namespace/name; an ordered set.
    since_us : int
        When it was set.
    """

    creations: int
    deletions: dict[str, None]
    since_us: int


@dataclass(slots=True)
class Expectations:
    """What the keys of one controller wait for."""

    _records: dict[str, Expectation] = field(default_factory=dict)

    def expect_creations(self, key: str, count: int, now_us: int) -> None:
        """Wait until so many objects have appeared. Replaces what the key waited for before."""
        self._records[key] = Expectation(count, {}, now_us)

    def expect_deletions(self, key: str, names: list[str], now_us: int) -> None:
        """Wait until these objects have gone or are terminating. Replaces what the key waited for before."""
        self._records[key] = Expectation(0, dict.fromkeys(names), now_us)

    def expect(self, key: str, creations: int, deletions: list[str], now_us: int) -> None:
        """Wait for creations and deletions at once. Replaces what the key waited for before."""
        self._records[key] = Expectation(creations, dict.fromkeys(deletions), now_us)

    def observe_creation(self, key: str, count: int = 1) -> None:
        """Note that objects have appeared, or will not after all."""
        record = self._records.get(key)
        if record is not None:
            record.creations -= count

    def observe_deletion(self, key: str, name: str) -> None:
        """Note that an object has gone or is terminating, or will not be deleted after all."""
        record = self._records.get(key)
        if record is not None:
            record.deletions.pop(name, None)

    def are_met(self, key: str, now_us: int) -> bool:
        """Tell whether the key waits for nothing, or has waited for more than five minutes."""
        record = self._records.get(key)
        if record is None or (record.creations <= 0 and not record.deletions):
            return True
        return now_us - record.since_us > EXPECTATIONS_TIMEOUT_US

    def forget(self, key: str) -> None:
        """Drop the record of a key whose object has gone."""
        self._records.pop(key, None)
