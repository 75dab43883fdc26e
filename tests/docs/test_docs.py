"""What the documentation shows is run: every example in a page, and in the docstrings of the three packages."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("binpack", "workloads", "benchmarks")
PROMPT = ">>> "


def with_examples(pattern: str, *folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).glob(pattern))
    return sorted(path.relative_to(ROOT).as_posix() for path in found if PROMPT in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", with_examples("**/*.md", "docs"))
def test_pages(page: str) -> None:
    result = doctest.testfile(str(ROOT / page), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("module", with_examples("**/*.py", *PACKAGES))
def test_docstrings(module: str) -> None:
    name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    result = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_semantics_page_has_an_example_for_each_plugin_that_filters_or_scores() -> None:
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    code = "".join(block for number, block in enumerate(page.split("```")) if number % 2)
    for plugin in ("TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity"):
        assert f"{plugin}(" in code, plugin
    for plugin in ("VolumeBinding", "NodeResourcesBalancedAllocation", "ImageLocality"):
        assert f"{plugin}(" in code, plugin
