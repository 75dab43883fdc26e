"""A plugin of the user's own: the README's works as a file beside the configuration; a wrong one gets one line, not a traceback."""

from __future__ import annotations

import importlib
import re
from itertools import count
from pathlib import Path

import pytest

from binpack.testing import node, pod
from binpack.testing.checks import check_plugin

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
GOOD = next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "class BestFitOnCpu" in block)
SCORE = "return np.minimum(100 * (requested + cpu_milli) // np.maximum(allocatable, 1), 100)"
assert SCORE in GOOD
FILTER = """
import numpy as np
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.framework.status import unschedulable


class BestFitOnCpu:
    name = "BestFitOnCpu"
    points = frozenset({Point.FILTER})
    reads = Reads.ROW
    class_key = ()

    def prepare(self, pod, cluster):
        return None

    def filter(self, prepared, rows):
        return np.zeros(1, np.float64)

    def status(self, prepared, code):
        return unschedulable("no")
"""
NUMBER = count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that no other test has imported, and return its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> str:
        name = f"own_plugin_{next(NUMBER)}"
        (tmp_path / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        return name

    return write


def configured(file, module: str, point: str = "score") -> Path:
    return file(
        "scheduler.yaml",
        f"""
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- plugins:
    {point}: {{enabled: [{{name: "{module}:BestFitOnCpu"}}]}}
""",
    )


def test_the_readme_s_plugin_scores(binpack, dump, file, module):
    cluster = dump(node("full").cpu("4"), node("empty").cpu("4"), pod("old").request(cpu="3").on("full"), pod("new").request(cpu="1"))
    name = module(GOOD)
    rows = binpack("explain", "new", "--cluster", cluster, "--config", configured(file, name), "--json").json["rows"]
    assert {row["node"]: row["score"] for row in rows if row["plugin"] == "BestFitOnCpu"} == {"full": 100, "empty": 25}


def test_the_readme_s_plugin_keeps_the_contract(module):
    plugin = importlib.import_module(module(GOOD)).BestFitOnCpu
    check_plugin(plugin(), examples=10)


@pytest.mark.parametrize(
    ("why", "source", "point", "message"),
    [
        ("it raises", GOOD.replace(SCORE, 'raise ValueError("too\\nbad")'), "score", ", in score: ValueError: too bad"),
        ("it finds no key", GOOD.replace('.get("cpu", 0)', '["x"]'), "score", ", line 17, in prepare_score: KeyError: 'x'"),
        ("too few scores", GOOD.replace(SCORE, "return np.zeros(1, np.int64)"), "score", "an array of int64, shape (1,) (accepted: "),
        ("floats", GOOD.replace("//", "/"), "score", "an array of float64, shape (2,) (accepted: an array of int64, shape (2,))"),
        ("no array", GOOD.replace(SCORE, "return None"), "score", "its scores are NoneType (accepted: an array of int64"),
        ("codes that are none", FILTER, "filter", "`filter` returned an array of float64, shape (1,) (accepted: an array of uint32"),
        ("no name", GOOD.replace('name = "BestFitOnCpu"', "pass"), "score", "`name` is None (accepted: a text)"),
        ("no points", GOOD.replace("points =", "point ="), "score", "`points` is None (accepted: a frozenset of Point, not empty)"),
        ("a method lacks", GOOD.replace("def score", "def scor"), "score", "says it runs at score and has no method score"),
        ("no class", "BestFitOnCpu = 3", "score", "is no class (accepted: package.module:Class)"),
        (
            "it wants more",
            GOOD.replace("    default_weight = 1", "    default_weight = 1\n\n    def __init__(self, more):\n        pass"),
            "score",
            "missing 1 required positional argument: 'more' (accepted: a class that is called without arguments",
        ),
    ],
)
def test_a_wrong_plugin_gets_one_line(binpack, dump, file, module, why, source, point, message):
    cluster = dump(node("a").cpu("4"), node("b").cpu("4"), pod("new").request(cpu="1"))
    ran = binpack("schedule", "--cluster", cluster, "--config", configured(file, module(source), point))
    assert (ran.code, ran.out) == (2, ""), why
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("error: ")
    assert message in ran.err


def test_an_exception_of_our_own_keeps_its_traceback(binpack, dump, monkeypatch):
    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("binpack.cli.main.cli.main", broken)
    with pytest.raises(RuntimeError, match="ours"):
        binpack("schedule", "--cluster", dump(node("a")))
