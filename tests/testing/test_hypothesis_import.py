from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

import binpack.testing
from binpack.errors import MissingExtraError


def test_a_missing_hypothesis_names_the_extra(monkeypatch):
    spec = importlib.util.find_spec("binpack.testing.hypothesis_import")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(
        MissingExtraError, match=r"need Hypothesis, which is not installed: .*\(accepted: pip install \"kube-binpack\[testing\]\"\)"
    ):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_builders_load_no_hypothesis():
    code = "import sys, binpack.testing; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert binpack.testing.pod
