"""The objects of a cluster as far as its audit log shows them, write by write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from binpack.sim.recording.history import Key, Plain, Write, is_replayed, key_of, part, time_in


class AuditedObjects:
    """Follows requests, and notes each write that they made.

    Parameters
    ----------
    present : sequence of (place, object)
        What was there at the start.
    start_us : int
        When the log begins, microseconds since 1970.

    Attributes
    ----------
    initial : list of (place, object)
        What was there at the start: what was given, and what the log shows to be older than itself.
    writes : list of Write
    """

    def __init__(self, present: Sequence[tuple[str, Plain]], start_us: int) -> None:
        self.initial = [(place, value) for place, value in present if is_replayed(value)]
        self.writes: list[Write] = []
        self._start_us = start_us
        self._now: dict[Key, Plain] = {key_of(value): value for _, value in self.initial}
        self._deleted: set[Key] = set()
        self._left_out: dict[tuple[str, str], list[str]] = {}
        self._older = 0
        self._unknown: dict[str, int] = {}

    def put(self, key: Key, value: Plain, time_us: int, place: str, *, is_new: bool) -> None:
        """Take over an object as it is after a write."""
        known = self._now.get(key)
        if known is None and not is_new:
            if key in self._deleted:
                return  # it is on its way out: what its kubelet and its controllers still write changes nothing
            created = part(value, "metadata").get("creationTimestamp")
            if created is None or time_in(created, place, "metadata.creationTimestamp") <= self._start_us:
                self._older += 1
                self._now[key] = value
                self.initial.append((place, value))
                return
        self._deleted.discard(key)
        self._now[key] = value
        self.writes.append(Write(time_us, "ADDED" if known is None else "MODIFIED", value, place))

    def merge(self, key: Key, change: Plain, time_us: int, place: str) -> None:
        """Change a known object."""
        known = self._now.get(key)
        if known is None:
            if key not in self._deleted:
                self._unknown[key.kind] = self._unknown.get(key.kind, 0) + 1
            return
        self.put(key, merged(known, change), time_us, place, is_new=False)

    def delete(self, key: Key, time_us: int, place: str) -> None:
        """Take a known object away; a second request, such as that of its kubelet, changes nothing."""
        known = self._now.pop(key, None)
        self._deleted.add(key)
        if known is not None:
            self.writes.append(Write(time_us, "DELETED", known, place))

    def keys_like(self, key: Key) -> list[Key]:
        """Return the known objects of a kind in a namespace."""
        return [one for one in self._now if one.kind == key.kind and one.namespace == key.namespace]

    def leave_out(self, kind: str, what: str, place: str) -> None:
        """Note a write that says too little."""
        self._left_out.setdefault((kind, what), []).append(place)

    def notes(self) -> list[str]:
        """Tell what was left out or assumed."""
        notes = [
            f"{places[0]}{f' and {len(places) - 1} more places' if len(places) > 1 else ''}: {kind}, {what}: says too little, left out"
            " (needed: level RequestResponse)"
            for (kind, what), places in self._left_out.items()
        ]
        if self._older:
            notes.append(
                f"{self._older} objects are older than the audit log: they are there from the start as they were first written"
                " (better: a dump from the time when the log begins, as the cluster)"
            )
        if self._unknown:
            counted = ", ".join(f"{count} of a {kind}" for kind, count in sorted(self._unknown.items()))
            notes.append(f"changes of objects that neither the log nor the cluster shows are left out: {counted}")
        return notes


def merged(value: Any, change: Any) -> Any:
    """Merge a change into plain data: mappings key by key, null removes, a status's conditions by their type, all else is replaced."""
    if not isinstance(change, dict):
        return change
    result = dict(value) if isinstance(value, dict) else {}
    for key, one in change.items():
        if one is None:
            result.pop(key, None)
        elif key == "conditions" and isinstance(one, list):
            result[key] = _merged_conditions(result.get(key), one)
        elif not key.startswith("$"):  # directives of strategic merge patches
            result[key] = merged(result.get(key), one)
    return result


def _merged_conditions(known: Any, changed: list[Any]) -> list[Any]:
    listed = [one for one in (known if isinstance(known, list) else []) if isinstance(one, dict)]
    by_type = {one.get("type"): one for one in listed}
    for one in changed:
        if isinstance(one, dict) and "type" in one:
            by_type[one["type"]] = {**by_type.get(one["type"], {}), **one}
    return list(by_type.values())
