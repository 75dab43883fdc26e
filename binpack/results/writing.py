"""Files that are there whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give an empty file beside `path` to write to, and move it there when all went well: nobody ever sees half a file.

    Safe with several processes: each writes to a file of its own, and the last to finish wins.

    Parameters
    ----------
    path : Path
        Its directory has to be there.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        give_usual_rights(draft, 0o666)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def give_usual_rights(path: Path, mode: int) -> None:
    """Give what was made for this process alone the rights that any new file (`0o666`) or directory (`0o777`) has."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(mode & ~mask)
