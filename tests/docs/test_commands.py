"""What a page shows works as printed: its commands and its Python, in order, in a directory that looks like the repository's root."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binpack.cli.main import run

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/tutorials/first-look.md",
    "docs/tutorials/own-policy.md",
    "docs/reference/api.md",
    "docs/reference/commands.md",
    "docs/reference/suites.md",
)
SKIPPED = {
    "kubectl": "needs a cluster",
    "make": "sets up an environment of its own; the tests are one of its targets",
}
"""What is not run: how a command begins, and why."""

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    yield from BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def commands(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def is_skipped(command: str) -> bool:
    return any(command.startswith(beginning) for beginning in SKIPPED)


def arguments(command: str) -> list[str]:
    """Split a command as a shell does, with its wildcards."""
    words = shlex.split(command, comments=True)
    return [found for word in words for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]


@pytest.fixture
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("examples", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.usefixtures("_root")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_as_printed(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for language, block in blocks(page):
        if language == "python":
            exec(compile(block, page, "exec"), names)
        for command in commands(block) if language == "console" else []:
            if is_skipped(command):
                continue
            program, *rest = arguments(command)
            assert program == "binpack", f"{page}: {command}"
            capsys.readouterr()
            code = run(rest)
            said = capsys.readouterr()
            assert code == 0, f"{page}: {command}: {said.err}"
            assert said.out.strip() or said.err.strip() or "--out" in rest, f"{page}: {command}: says nothing"


def test_commands_are_found_and_few_are_skipped() -> None:
    found = [command for page in PAGES for language, block in blocks(page) if language == "console" for command in commands(block)]
    assert len(found) > 20
    assert all(any(command.startswith(beginning) for command in found) for beginning in SKIPPED)
    assert sum(map(is_skipped, found)) < len(found) / 3


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))))
def test_links_lead_somewhere(page: str) -> None:
    for target, _ in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        if ":" in target:
            continue
        assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_every_page_is_on_the_map() -> None:
    listed = {(ROOT / "docs" / target).resolve() for target, _ in LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8"))}
    pages = {path.resolve() for path in ROOT.glob("docs/**/*.md")} - {ROOT / "docs" / "README.md"}
    assert not {path.relative_to(ROOT).as_posix() for path in pages - listed}
