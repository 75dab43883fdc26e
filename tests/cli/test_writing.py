"""Files are there whole or not at all."""

from __future__ import annotations

import gzip
import os

import pytest

from binpack.cli.writing import new_directory, write_text
from binpack.errors import OutputError


def test_a_text_is_written_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    write_text(path, "after é\n")
    assert path.read_text(encoding="utf-8") == "after é\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_with_gz_is_compressed_to_the_same_bytes_each_time(tmp_path):
    paths = [tmp_path / name for name in ("a.json.gz", "b.json.gz")]
    for path in paths:
        write_text(path, "{}\n")
    assert gzip.decompress(paths[0].read_bytes()) == b"{}\n"
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path):
    write_text(tmp_path / "ours", "")
    (tmp_path / "theirs").write_text("")
    assert os.stat(tmp_path / "ours").st_mode == os.stat(tmp_path / "theirs").st_mode


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError, match=r"no/a\.txt: cannot be written, no such file or directory"):
        write_text(tmp_path / "no" / "a.txt", "")


def test_a_directory_appears_when_it_is_complete(tmp_path):
    with new_directory(tmp_path / "deep" / "run") as draft:
        (draft / "a").write_text("1")
        assert not (tmp_path / "deep" / "run").exists()
    assert (tmp_path / "deep" / "run" / "a").read_text() == "1"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["run"]


def test_a_directory_that_fails_leaves_nothing(tmp_path):
    def fail():
        with new_directory(tmp_path / "run") as draft:
            (draft / "a").write_text("1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "run").mkdir()
    with new_directory(tmp_path / "run") as draft:
        (draft / "a").write_text("1")
    with pytest.raises(OutputError, match="is there already"), new_directory(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / "a").read_text() == "1"
