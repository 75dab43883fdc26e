"""Which files a user means, and their text: directories, compressed files, standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from binpack.errors import ManifestError

SUFFIXES = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")
STANDARD_INPUT = "standard input"
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def find_files(paths: Iterable[str | Path]) -> Iterator[Path | None]:
    """List the files that the paths mean, in order: a directory stands for all manifests below it, sorted by name.

    A file that is named is read whatever its suffix; in a directory only `.json`, `.yaml` and `.yml` count, each also with `.gz`,
    and hidden files and directories are passed over. None stands for `-`, standard input.

    Raises
    ------
    ManifestError
        If a path does not exist, or a directory has no manifest.
    """
    for given in paths:
        path = Path(given)
        if str(given) == "-":
            yield None
        elif path.is_dir():
            yield from _below(path)
        elif path.exists():
            yield path
        else:
            raise ManifestError(f"{given}: no such file or directory (accepted: a manifest, a directory of them, or - for standard input)")


def read_bytes(path: Path | None, stdin: BinaryIO | None = None) -> bytes:
    """Read a file, decompressed, without a byte order mark.

    Parameters
    ----------
    path : Path | None
        None for standard input.
    stdin : BinaryIO, optional
        What standard input is; the process's own by default.

    Raises
    ------
    ManifestError
        If it cannot be read, is damaged, or is not UTF-8 text.
    """
    name = name_of(path)
    try:
        data = (stdin or sys.stdin.buffer).read() if path is None else path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{name}: {(error.strerror or str(error)).lower()}") from None
    if data.startswith(_GZIP_MAGIC):
        data = _decompressed(data, name)
    elif name.endswith(".gz"):
        raise ManifestError(f"{name}: is not compressed with gzip (accepted: gzip, or a name without .gz)")
    data = data.removeprefix(_BYTE_ORDER_MARK)
    _refuse_binary(data, name)
    return data


def name_of(path: Path | None) -> str:
    """Return what messages call a file."""
    return STANDARD_INPUT if path is None else str(path)


def _below(directory: Path) -> list[Path]:
    files = sorted(_manifests(directory), key=lambda path: path.parts)
    if not files:
        raise ManifestError(f"{directory}: holds no manifest (accepted: files named {', '.join(SUFFIXES[:3])}, each also with .gz)")
    return files


def _manifests(directory: Path) -> Iterator[Path]:
    try:
        entries = list(directory.iterdir())
    except OSError as error:
        raise ManifestError(f"{directory}: {(error.strerror or str(error)).lower()}") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            # A link to a directory may lead back up, so it is not followed.
            if not entry.is_symlink():
                yield from _manifests(entry)
        elif entry.name.endswith(SUFFIXES):
            yield entry


def _decompressed(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ManifestError(f"{name}: is damaged, gzip cannot read it ({error})") from None


def _refuse_binary(data: bytes, name: str) -> None:
    position = data.find(b"\0")
    if position < 0:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            position = error.start
    if position >= 0:
        raise ManifestError(f"{name}: is no text, byte {position + 1} is 0x{data[position]:02X} (accepted: JSON or YAML in UTF-8)")
