"""Files that are there whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from binpack.errors import OutputError
from binpack.results.writing import atomic, give_usual_rights


def write_text(path: Path, text: str) -> None:
    """Write a file; a name that ends in `.gz` is compressed.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    data = text.encode()
    if path.suffix == ".gz":
        # Without a time and a name inside, so that the same content gives the same bytes.
        data = gzip.compress(data, mtime=0)
    try:
        with atomic(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written, {(error.strerror or str(error)).lower()}") from None


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Give a directory to fill, which becomes `path` if all goes well and vanishes otherwise.

    Raises
    ------
    OutputError
        If `path` is there and not empty, or cannot be made.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise OutputError(f"{path}: is there already (accepted: a new directory, or an empty one)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written, {(error.strerror or str(error)).lower()}") from None
    try:
        yield draft
        give_usual_rights(draft, 0o777)
        os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
