"""Chooses the recordings that stand here out of all recordings of kube-scheduler.

    python tests/conformance/make_sample.py DIRECTORY

reads every `FAMILY.jsonl.gz` of a directory and writes a part of each beside itself under the same name: the scenarios that show the most
that no chosen one shows yet, for their size, until the family's share of the limit is used up. The same recordings give the same files.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIMIT_BYTES = 400_000


def facts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """What a scenario shows: which fields it has, and the rejections, scores and outcomes that were recorded. Numbers are left out."""
    if isinstance(value, dict):
        if {"plugin", "code"} <= value.keys():
            yield (value["plugin"], value["code"], *sorted(value.get("reasons") or ()))
        for key, inner in value.items():
            # Names of nodes and labels are data, not fields.
            name = "*" if path and path[-1] in ("rejected", "scores", "total") else key
            yield (*path, name)
            yield from facts(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from facts(inner, path)
    elif path and path[-1] in ("op", "operator", "effect", "type", "plugins"):
        yield (*path, str(value))


def compressed(lines: list[str]) -> bytes:
    """Gzip without a time stamp."""
    return gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0)


def choose(lines: list[str], limit: int) -> list[str]:
    """Choose lines greedily by new facts a byte, at least one; in the order of the file."""
    shows = [set(facts(json.loads(line))) for line in lines]
    sizes = [len(compressed([line])) for line in lines]
    chosen: list[int] = []
    seen: set[tuple[str, ...]] = set()
    left = list(range(len(lines)))
    while left:
        best = max(left, key=lambda index: (len(shows[index] - seen) / sizes[index], -index))
        left.remove(best)
        if not chosen or len(compressed([lines[index] for index in sorted((*chosen, best))])) <= limit:
            chosen.append(best)
            seen |= shows[best]
    return [lines[index] for index in sorted(chosen)]


def main(directory: Path) -> None:
    """Write the sample of every family."""
    files = sorted(directory.glob("*.jsonl.gz"))
    total = 0
    for number, file in enumerate(files):
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            lines = list(opened)
        # What one family leaves of its share, the next ones may use.
        sample = choose(lines, (LIMIT_BYTES - total) // (len(files) - number))
        content = compressed(sample)
        (HERE / file.name).write_bytes(content)
        total += len(content)
        print(f"{file.name}: {len(sample)} of {len(lines)} scenarios, {len(content)} bytes")
    print(f"{total} bytes in all (at most {LIMIT_BYTES})")
    if total > LIMIT_BYTES:
        sys.exit("the sample is too large")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
