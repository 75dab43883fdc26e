"""Which format a file has, and which of its instances is meant."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Literal

from binpack.errors import InstanceError
from binpack.optimal.instances.csp import parse_csp
from binpack.optimal.instances.instance import Instance
from binpack.optimal.instances.orlib import parse_orlib
from binpack.optimal.instances.vbp import parse_vbp

Format = Literal["vbp", "csp", "orlib"]

SUFFIXES: dict[str, Format] = {".vbp": "vbp", ".csp": "csp", ".bpp": "csp", ".orlib": "orlib"}


def read_instance_file(named: str, form: Format | None = None) -> Instance:
    """Read one instance.

    Parameters
    ----------
    named : str
        FILE, or FILE#NAME for one of several in a file. A file that ends in `.gz` is decompressed.
    form : {"vbp", "csp", "orlib"}, optional
        Where the suffix does not tell.

    Raises
    ------
    InstanceError
        If the file cannot be read, is malformed (with the line), or can have no solution.
    """
    path, name = _split(named)
    suffix = Path(path.removesuffix(".gz")).suffix.lower()
    chosen = form or SUFFIXES.get(suffix)
    if chosen is None:
        known = ", ".join(SUFFIXES)
        raise InstanceError(f'{path}: the suffix "{suffix}" does not tell the format (accepted: {known}, or --format vbp|csp|orlib)')
    text = _text(path)
    if chosen == "orlib":
        return parse_orlib(path, text, name)
    if name:
        raise InstanceError(
            f'{named}: a file of the format {chosen} has one instance, without a name (accepted: {path}, without "#{name}")'
        )
    return parse_vbp(path, text) if chosen == "vbp" else parse_csp(path, text)


def _split(named: str) -> tuple[str, str]:
    """A file may have a # in its own name."""
    if Path(named).exists() or "#" not in named:
        return named, ""
    path, _, name = named.rpartition("#")
    return path, name


def _text(path: str) -> str:
    try:
        data = Path(path).read_bytes()
        return (gzip.decompress(data) if path.endswith(".gz") else data).decode("utf-8-sig")
    except OSError as error:
        raise InstanceError(f"{path}: cannot be read, {(error.strerror or str(error)).lower()}") from None
    except (UnicodeDecodeError, EOFError):
        raise InstanceError(f"{path}: is no text (accepted: a file of the format vbp, csp or orlib)") from None
