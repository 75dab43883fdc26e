"""Compiled code is found by the stamp of its sources: an edit compiles anew, and taking it back finds the old code."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba")

MODULE = """
from binpack.scheduler.kernels.jit import entry

def with_stamp(stamp):
    def driver(number):
        return number + stamp
    return entry(driver)
"""


def compiled(path: Path, stamp: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = spec_from_file_location("a_driver", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # numba looks the module up by its name when it loads what it kept, unless the old code happens to be in memory still.
    monkeypatch.setitem(sys.modules, "a_driver", module)
    spec.loader.exec_module(module)
    driver = module.with_stamp(stamp)
    assert driver(1) == 1 + stamp
    return driver


def test_the_stamp_is_part_of_the_key_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a_driver.py"
    path.write_text(MODULE)
    assert sum(compiled(path, 7, monkeypatch).stats.cache_misses.values()) == 1
    assert sum(compiled(path, 8, monkeypatch).stats.cache_misses.values()) == 1
    again = compiled(path, 7, monkeypatch)
    assert sum(again.stats.cache_misses.values()) == 0
    assert sum(again.stats.cache_hits.values()) == 1


def test_numba_is_not_imported_before_it_is_used() -> None:
    script = "import sys, binpack, binpack.scheduler.cached_cycle, benchmarks.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
