"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from binpack.results.writing import atomic


def test_what_was_written_takes_the_old_one_s_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with atomic(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_it_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with atomic(tmp_path / "file"):
        pass
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk full"), atomic(tmp_path / "file") as temporary:
        write_half(temporary)
    assert list(tmp_path.iterdir()) == []


def write_half(path: Path) -> None:
    path.write_text("half")
    raise OSError("disk full")
