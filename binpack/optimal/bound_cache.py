"""A directory that remembers what was solved, by the instance's digest: one small JSON file an entry.

Safe with several processes: an entry is written to a file of its own and renamed, and two that write the same entry write the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from binpack.results.writing import atomic


class BoundCache:
    """Entries by a key of plain values.

    Parameters
    ----------
    directory : Path
        Made when the first entry is written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return an entry; None if there is none, or only a damaged one."""
        try:
            document = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(document, dict) or document.get("key") != dict(key) or not isinstance(document.get("value"), dict):
            return None
        value: dict[str, Any] = document["value"]
        return value

    def put(self, key: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Write an entry: all of it or nothing."""
        self._directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"key": dict(key), "value": dict(value)}, sort_keys=True, indent=1)
        with atomic(self._path(key)) as draft:
            draft.write_text(text, encoding="utf-8")

    def _path(self, key: Mapping[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()
        return self._directory / f"{digest}.json"
