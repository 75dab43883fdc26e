"""Splits a file into the JSON documents that stand in it one after the other, however they are broken into lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from binpack.errors import ManifestError
from binpack.model.files import name_of, read_bytes

SUFFIXES = (".json", ".jsonl", ".log", ".json.gz", ".jsonl.gz", ".log.gz")
_WHITESPACE = re.compile(r"[ \t\n\r]*")


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """List files; a directory stands for its files whose names end like those of recordings, sorted.

    Raises
    ------
    ManifestError
        If a directory has none.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(one for one in path.iterdir() if one.name.endswith(SUFFIXES) and not one.name.startswith("."))
        if not found:
            raise ManifestError(f"{path}: holds no recording (accepted: files named *{', *'.join(SUFFIXES[:3])}, each also with .gz)")
        yield from found


def json_documents(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each document of a file with its place, such as `pods.json, line 12`.

    Parameters
    ----------
    path : Path
        The file; one that is compressed with gzip is unpacked. `-` is standard input.

    Raises
    ------
    ManifestError
        Where it stops being JSON, or a document is no mapping; also if the file holds none or cannot be read.
    """
    source = None if str(path) == "-" else path
    name = name_of(source)
    text = read_bytes(source).decode()
    decoder, position, line, counted = json.JSONDecoder(), 0, 1, 0
    while (position := _skip_whitespace(text, position)) < len(text):
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            problem = error.msg[:1].lower() + error.msg[1:]
            what = f"{problem}, in the document that begins in line {line}"
            raise ManifestError(
                f"{name}, line {error.lineno}, column {error.colno}: {what} (accepted: JSON; a last document cut short has to be removed)"
            ) from None
        except RecursionError:
            raise ManifestError(f"{name}, line {line}: nested too deeply (accepted: what a Kubernetes object needs)") from None
        place = f"{name}, line {line}"
        if not isinstance(value, dict):
            raise ManifestError(f"{place}: {text[position : position + 40]!r} is no mapping (accepted: one JSON object after the other)")
        yield place, value
        position = end
    if counted == 0 and not text.strip():
        raise ManifestError(f"{name}: is empty (accepted: one JSON object after the other)")


def _skip_whitespace(text: str, position: int) -> int:
    match = _WHITESPACE.match(text, position)
    return match.end() if match else position
