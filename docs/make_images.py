"""Draws the pictures of the README from the results of the suite quickstart.

python docs/make_images.py results/quickstart docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.findings import findings
from benchmarks.record import read_finished
from binpack.plots import distance_to_optimum, nodes_over_time


def main(results: Path, out: Path) -> None:
    """Write `quickstart-distance.png` and `quickstart-over-time.png`."""
    finished = read_finished(results)
    found = findings(finished.runs, finished.samples, baseline=finished.suite.baseline)
    out.mkdir(parents=True, exist_ok=True)
    distance_to_optimum(found.distance).savefig(out / "quickstart-distance.png", dpi=110)
    nodes_over_time(found.samples).savefig(out / "quickstart-over-time.png", dpi=110)


if __name__ == "__main__":
    arguments = [*sys.argv[1:], *("results/quickstart", "docs/images")[len(sys.argv) - 1 :]]
    main(*map(Path, arguments[:2]))
