"""CITATION.cff and the issue templates are what they have to be, and agree with the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from binpack.version import __version__

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yaml") if path.stem != "config")
INPUTS = {"input", "textarea", "dropdown", "checkboxes"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_citation_has_what_the_format_1_2_0_requires_and_agrees_with_the_package() -> None:
    citation = read(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert all(isinstance(citation[field], str) and citation[field] for field in ("message", "title", "abstract"))
    assert citation["authors"]
    assert all("name" in author or {"family-names", "given-names"} <= set(author) for author in citation["authors"])
    assert citation["type"] == "software"
    assert citation["license"] == project["license"]
    assert citation["version"] == __version__
    known = {"cff-version", "message", "title", "abstract", "type", "authors", "version", "license", "keywords"}
    assert set(citation) <= known


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_template_is_a_form_that_asks_for_an_anonymised_dump(path: Path) -> None:
    form = read(path)
    assert form["name"]
    assert form["description"]
    kinds = {part["type"] for part in form["body"]}
    assert kinds <= INPUTS | {"markdown"}
    asked = [part for part in form["body"] if part["type"] in INPUTS]
    names = [part["id"] for part in asked]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names)
    assert all(part["attributes"]["label"] for part in asked)
    assert "dump" in names
    (words,) = (part["attributes"]["value"] for part in form["body"] if part["type"] == "markdown")
    assert "binpack anonymize --cluster cluster.json" in words


def test_there_are_templates() -> None:
    assert TEMPLATES
