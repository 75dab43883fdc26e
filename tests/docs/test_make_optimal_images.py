"""The script that draws the pictures of docs/optimal.md."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.deep
def test_all_pictures_are_drawn(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "docs" / "make_optimal_images.py"))["main"](tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"moves-curve.png", "optimal-gap.png", "optimal-patterns.png"}
