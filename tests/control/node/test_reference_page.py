"""What docs/reference/kubelet.md shows works as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from binpack.control.node.workload_format import Behaviour, ContainerBehaviour, WorkloadDocument
from binpack.control.node.workload_model import ANNOTATIONS, model_of
from binpack.errors import ManifestError
from binpack.model.decode import from_plain
from binpack.model.kinds import KINDS
from binpack.model.yaml import load_documents
from binpack.sim.simulation import simulate
from binpack.sim.timeline import Apply
from binpack.testing import node
from binpack.units import US_PER_S

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "kubelet.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_pod():
    (text,) = blocks("yaml")
    (manifest,) = load_documents(text, "page")
    pod = from_plain(manifest, KINDS["v1", "Pod"], place="page")
    run = simulate([node("n1").cpu("4").memory("8Gi").build()], [Apply(0, pod)], seed=1, until_us=120 * US_PER_S)
    # A second of sandbox, 40 s of migrate, 2 s of proxy, 3.5 s of pulling, a second of starting.
    assert run.pods.columns["started_us"] == [47_500_000]
    assert run.pods.columns["phase"] == ["Running"]


def test_the_error():
    (message,) = blocks("text")
    with pytest.raises(ManifestError, match=re.escape(message.strip())):
        model_of({"binpack.dev/workload": "containers: {proxy: {stopDuration: -1s}}"}, "Pod default/web")


def test_the_configuration():
    (program,) = blocks("python")
    exec(compile(program, str(PAGE), "exec"), {})


def test_every_field_and_annotation_is_described():
    text = PAGE.read_text(encoding="utf-8")
    kinds = (Behaviour, ContainerBehaviour, WorkloadDocument)
    fields = {re.sub(r"_(.)", lambda match: match[1].upper(), name) for kind in kinds for name in kind.__struct_fields__}
    assert [name for name in sorted(fields) if f"| `{name}` |" not in text] == []
    assert [annotation for annotation in ANNOTATIONS if annotation not in text] == []
