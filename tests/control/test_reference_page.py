"""What docs/reference/controllers.md shows works as printed, and it names every controller."""

from __future__ import annotations

import re
from pathlib import Path

from binpack.control.controller_manager import ALL_CONTROLLERS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "controllers.md").read_text(encoding="utf-8")


def test_the_program():
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "controllers.md", "exec"), {})


def test_every_controller_is_named():
    places = {kind.__module__.removeprefix("binpack.control.controllers.").removesuffix(".controller") for kind in ALL_CONTROLLERS}
    assert [place for place in sorted(places) if f"`{place}.py`" not in PAGE and f"`{place}/`" not in PAGE] == []
