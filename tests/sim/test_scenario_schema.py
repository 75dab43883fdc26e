"""The published schema of scenario files is that of the structs, and says what the reader accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binpack.sim.scenario_format import NodePool, ScenarioFile, Step
from binpack.sim.scenario_schema import scenario_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "scenario.schema.json"


def test_the_published_schema_is_up_to_date():
    assert PUBLISHED.read_text(encoding="utf-8") == scenario_schema(), (
        "python -m binpack.sim.scenario_schema > docs/reference/scenario.schema.json"
    )


@pytest.mark.parametrize("kind", [ScenarioFile, Step, NodePool])
def test_every_field_of_the_file_is_there_and_no_other_is_allowed(kind):
    found = json.loads(scenario_schema())["$defs"][kind.__name__]
    assert set(found["properties"]) == set(kind.__struct_encode_fields__)
    assert found["additionalProperties"] is False


def test_what_must_be_given_is_told():
    definitions = json.loads(scenario_schema())["$defs"]
    assert definitions["ScenarioFile"]["required"] == []  # the duration is that of a recording, if one is replayed
    assert definitions["NodePool"]["required"] == ["name", "count", "capacity"]
    assert definitions["NodePool"]["properties"]["capacity"]["additionalProperties"]["type"] == ["string", "number"]
