"""Reads what `kubectl get KIND --watch -o json --output-watch-events` writes: the objects that were there, then each change.

Such a stream has no times of arrival. Its order is that of `resourceVersion`, which counts all writes to a cluster; its times are those
that the API server left in the objects: creation, request of deletion, the fields' managers; where an object has no managers (kubectl
leaves them out without `--show-managed-fields`), those of its conditions and containers, too. A write that left no newer time than the
object had takes the time of the next one that did: what a user changes, a control plane reacts to at once.

Source: kubectl pkg/cmd/get/get.go (watch), apimachinery pkg/apis/meta/v1/watch.go, v1.35.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from binpack.errors import ManifestError
from binpack.model.field_errors import short
from binpack.sim.recording.history import History, Key, Plain, Write, is_replayed, key_of, part, parts, time_in
from binpack.sim.recording.json_documents import files_of, json_documents
from binpack.units import US_PER_S

TYPES = ("ADDED", "MODIFIED", "DELETED", "BOOKMARK")
_STATUS_TIMES = ("lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime")
_STATES = ("state", "lastState")


@dataclass(slots=True)
class _Event:
    """One event of a watch.

    Parameters
    ----------
    what : str
    object : dict
    place : str
    revision : int
        The number of the write that it tells of.
    newest_us : int
        The newest time that a write left in the object, microseconds since 1970; 0 if there is none.
    """

    what: str
    object: Plain
    place: str
    revision: int
    newest_us: int

    @property
    def path_in_store(self) -> str:
        """By which a list is sorted."""
        key = key_of(self.object)
        return f"{key.namespace}/{key.name}"

    @property
    def uid(self) -> str:
        """What tells the object from one that is made anew under its name; its name where the recording has no uid."""
        return str(part(self.object, "metadata").get("uid") or key_of(self.object))


def read_recordings(paths: Sequence[Path], present: Sequence[tuple[str, Plain]] = ()) -> History:
    """Read recordings, each of one kind or of several, and put them in one order.

    Parameters
    ----------
    paths : sequence of Path
        Files, or directories of files named `*.json` or `*.jsonl`, each also with `.gz`.
    present : sequence of (place, object)
        What else was there at the start; objects that are recorded are taken from the recording.

    Raises
    ------
    ManifestError
        If a file is no recording; the message names the file, the line and the field.
    """
    reader = _Reader()
    for path in files_of(paths):
        reader.read(path)
    return reader.history(present)


class _Reader:
    """Gathers streams: in one file, the events of one kind are one stream."""

    def __init__(self) -> None:
        self._initial: dict[Key, _Event] = {}
        self._later: list[_Event] = []
        self._skipped: Counter[str] = Counter()
        self._relists = 0
        self._errors = 0

    def read(self, path: Path) -> None:
        streams: dict[str, list[_Event]] = {}
        seen: set[str] = set()
        for place, document in json_documents(path):
            event = self._event(place, document)
            if event is None:
                continue
            if event.object["kind"] == "Pod":
                if event.uid in seen and event.what != "ADDED":
                    # Of a pod's spec only the node changes; the rest is most of a recording.
                    event.object["spec"] = {"nodeName": part(event.object, "spec").get("nodeName", "")}
                seen.add(event.uid)
            streams.setdefault(str(event.object["kind"]), []).append(event)
        for stream in streams.values():
            self._take(stream)

    def _event(self, place: str, document: Plain) -> _Event | None:
        what, value = document.get("type"), document.get("object")
        if what is None and "kind" in document:
            seen = f"{document.get('kind')} {part(document, 'metadata').get('name') or ''}".rstrip()
            flags = "--watch -o json --output-watch-events"
            raise ManifestError(f"{place}, type: missing, this is a {seen} (accepted: an event of a watch, as kubectl get {flags} writes)")
        if what == "ERROR":
            self._errors += 1
            return None
        if what not in TYPES:
            raise ManifestError(f"{place}, type: {short(what)} (accepted: {', '.join(TYPES)})")
        if not isinstance(value, dict):
            raise ManifestError(f"{place}, object: {short(value)} is no object (accepted: a mapping with apiVersion, kind and metadata)")
        if what == "BOOKMARK":
            return None
        for field in ("apiVersion", "kind"):
            if not isinstance(value.get(field), str) or not value[field]:
                raise ManifestError(f"{place}, object.{field}: {short(value.get(field))} (accepted: text, like {_LIKE[field]})")
        name = part(value, "metadata").get("name")
        if not isinstance(name, str) or not name:
            raise ManifestError(f"{place}, object.metadata.name: {short(name)} (accepted: the object's name)")
        if not is_replayed(value):
            self._skipped[str(value["kind"])] += 1
            return None
        return _Event(what, value, place, _revision(value, place), _newest(value, place))

    def _take(self, stream: list[_Event]) -> None:
        """Tell the list at a watch's begin from what came after it, also where the watch began anew."""
        there: dict[str, _Event] = {}
        position, is_first = 0, True
        while position < len(stream):
            end = position
            while end < len(stream) and stream[end].what == "ADDED":
                end += 1
            run = stream[position:end]
            if is_first or any(event.uid in there for event in run):
                listed = run[: _length_of_list(run)]
                self._take_list(listed, there, is_first=is_first)
                run = run[len(listed) :]
            is_first = False
            self._later += run
            there.update((event.uid, event) for event in run)
            if end < len(stream):
                event = stream[end]
                self._later.append(event)
                if event.what == "DELETED":
                    there.pop(event.uid, None)
                else:
                    there[event.uid] = event
            position = end + 1

    def _take_list(self, listed: list[_Event], there: dict[str, _Event], *, is_first: bool) -> None:
        if is_first:
            for event in listed:
                self._initial.setdefault(key_of(event.object), event)
            there.update((event.uid, event) for event in listed)
            return
        self._relists += 1
        newest = max(event.revision for event in listed)
        present = {event.uid for event in listed}
        for uid in [uid for uid in there if uid not in present]:
            gone = there.pop(uid)
            self._later.append(_Event("DELETED", gone.object, gone.place, newest, gone.newest_us))
        for event in listed:
            known = there.get(event.uid)
            if known is None or known.revision < event.revision:
                self._later.append(replace(event, what="ADDED" if known is None else "MODIFIED"))
            there[event.uid] = event

    def history(self, present: Sequence[tuple[str, Plain]]) -> History:
        """Put everything in order."""
        later = sorted(self._later, key=lambda event: event.revision)
        self._later = sorted([*later, *self._made_later(later)], key=lambda event: event.revision)
        initial = [(event.place, event.object) for event in self._initial.values()]
        initial += [(place, value) for place, value in present if key_of(value) not in self._initial]
        writes, start_us, undated = _dated(self._later, self._initial)
        notes = []
        if undated:
            notes.append(
                f"{undated} of {len(writes)} recorded changes left no time in their object: they take that of the change after them"
            )
        if self._relists:
            notes.append(f"the recorded watch began anew {self._relists} times: what was gone by then is taken to be deleted at that time")
        if self._errors:
            notes.append(f"{self._errors} watches ended with an error: what came later is not in the recording")
        return History(
            start_us=start_us,
            end_us=max((write.time_us for write in writes), default=start_us),
            initial=tuple(initial),
            writes=tuple(writes),
            notes=tuple(notes),
            skipped=dict(self._skipped),
        )

    def _made_later(self, later: Sequence[_Event]) -> list[_Event]:
        """Take out of the lists what was made after the first change of anything: where nothing was there, the list is empty."""
        first_us = _first_change_us(later, self._initial)
        newer = [] if first_us is None else [key for key, event in self._initial.items() if _created(event) > first_us]
        return [self._initial.pop(key) for key in newer]


_LIKE = {"apiVersion": "v1", "kind": "Pod"}


def _length_of_list(run: Sequence[_Event]) -> int:
    """Return how many of the first ADDED events are of the list that a watch begins with.

    A list is sorted by namespace and name. What was created after it is newer than everything in it, and seldom in order.
    """
    for cut, (former, event) in enumerate(pairwise(run), start=1):
        if event.path_in_store >= former.path_in_store:
            continue
        newest = max(one.revision for one in run[:cut])
        rest = [one.revision for one in run[cut:]]
        if rest[0] > newest and all(one < other for one, other in pairwise(rest)):
            return cut
    return len(run)


def _created(event: _Event) -> int:
    """Return when an object was made; 0 if it does not say."""
    created = part(event.object, "metadata").get("creationTimestamp")
    return 0 if created is None else time_in(created, event.place, "object.metadata.creationTimestamp")


def _revision(value: Plain, place: str) -> int:
    text = part(value, "metadata").get("resourceVersion")
    if not isinstance(text, str) or not text.isdecimal():
        raise ManifestError(f"{place}, object.metadata.resourceVersion: {short(text)} (accepted: a whole number as text, as in Kubernetes)")
    return int(text)


def _first_change_us(events: Sequence[_Event], initial: dict[Key, _Event]) -> int | None:
    """Return the first time that a change left; None if none left one."""
    known = {event.uid: event.newest_us for event in initial.values()}
    return min((event.newest_us for event in events if event.newest_us > known.get(event.uid, 0)), default=None)


def _dated(events: Sequence[_Event], initial: dict[Key, _Event]) -> tuple[list[Write], int, int]:
    """Give each event a time that is never before that of the event before it; return the start as well, and how many had none."""
    listed_us = max((event.newest_us for event in initial.values()), default=None)
    known = [one for one in (listed_us, _first_change_us(events, initial)) if one is not None]
    start_us = now_us = min(known, default=0)
    newest_of = {event.uid: event.newest_us for event in initial.values()}
    times: list[int | None] = []
    undated = 0
    for event in events:
        known_us = newest_of.get(event.uid)
        if known_us is None or event.newest_us > known_us:
            now_us = newest_of[event.uid] = max(now_us, event.newest_us)
            times.append(now_us)
        else:
            # What happened within the second of the newest time known leaves no newer one, and needs none.
            is_now = event.newest_us == now_us
            undated += not is_now
            times.append(now_us if is_now else None)
    writes: list[Write] = []
    next_us = now_us
    for event, time_us in zip(reversed(events), reversed(times), strict=True):
        next_us = next_us if time_us is None else time_us
        writes.append(Write(next_us, event.what, event.object, event.place))  # type: ignore[arg-type]
    return writes[::-1], start_us, undated


def _newest(value: Plain, place: str) -> int:
    """Return the newest time that a write left in an object; 0 if there is none."""
    meta = part(value, "metadata")
    times = [0]
    if (created := meta.get("creationTimestamp")) is not None:
        times.append(time_in(created, place, "object.metadata.creationTimestamp"))
    if (deleted := meta.get("deletionTimestamp")) is not None:
        grace = meta.get("deletionGracePeriodSeconds")
        asked = time_in(deleted, place, "object.metadata.deletionTimestamp")
        times.append(asked - (grace if isinstance(grace, int) else 0) * US_PER_S)
    managers = meta.pop("managedFields", None)
    if isinstance(managers, list):
        times += [
            time_in(one["time"], place, f"object.metadata.managedFields[{number}].time")
            for number, one in enumerate(managers)
            if isinstance(one, dict) and one.get("time") is not None
        ]
    else:
        times += _times_of_status(value, place)
    return max(times)


def _times_of_status(value: Plain, place: str) -> list[int]:
    found: list[tuple[str, Any]] = []
    for number, one in enumerate(parts(value, "status", "conditions")):
        found += [(f"conditions[{number}].{name}", one.get(name)) for name in _STATUS_TIMES]
    for number, one in enumerate(parts(value, "status", "containerStatuses")):
        for name in _STATES:
            for state, detail in part(one, name).items():
                for field in ("startedAt", "finishedAt"):
                    if isinstance(detail, dict):
                        found.append((f"containerStatuses[{number}].{name}.{state}.{field}", detail.get(field)))
    status = part(value, "status")
    found += [(name, status.get(name)) for name in ("startTime", "completionTime")]
    return [time_in(text, place, f"object.status.{name}") for name, text in found if text is not None]
