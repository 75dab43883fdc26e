"""The published JSON Schema of scenario files: `python -m binpack.sim.scenario_schema > docs/reference/scenario.schema.json`."""

from __future__ import annotations

import json
import sys

from binpack.model.json_schema import json_schema
from binpack.sim.scenario_format import ScenarioFile


def scenario_schema() -> str:
    """Return the schema as the text of its file."""
    return json.dumps({"title": "binpack scenario", **json_schema(ScenarioFile)}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(scenario_schema())
