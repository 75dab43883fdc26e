"""Runs commands in this process, and writes what `kubectl get -o json` would have written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from binpack.cli.main import run
from binpack.model.objects import as_list


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def binpack(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture
def dump(tmp_path: Path) -> Callable[..., Path]:
    """Write built objects to a file and return its path."""

    def write(*builders: Any, name: str = "cluster.json") -> Path:
        objects = [one.build() if hasattr(one, "build") else one for one in builders]
        path = tmp_path / name
        path.write_text(json.dumps(as_list(objects)))
        return path

    return write


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a text to a file and return its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
