"""The script that draws the README's pictures, on a small suite's results."""

from __future__ import annotations

import runpy
from pathlib import Path

from binpack.cli.main import run

ROOT = Path(__file__).parents[2]
SUITE = """
name: tiny
workloads: [{name: small, preset: small}]
policies: [{name: kube-scheduler}, {name: BestFit, score: BestFit}]
seeds: [1]
optimum: {instants: 2, deterministicLimit: 0.1}
"""
PNG = b"\x89PNG"


def test_both_pictures_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(SUITE)
    assert run(["bench", "run", str(tmp_path / "tiny.yaml"), "--jobs", "1", "--out", str(tmp_path / "results")]) == 0
    runpy.run_path(str(ROOT / "docs" / "make_images.py"))["main"](tmp_path / "results", tmp_path / "images")
    drawn = {path.name: path.read_bytes()[:4] for path in (tmp_path / "images").iterdir()}
    assert drawn == {"quickstart-distance.png": PNG, "quickstart-over-time.png": PNG}
