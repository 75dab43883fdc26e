"""`binpack anonymize`: no name left, every decision as it was."""

from __future__ import annotations

import gzip
import json

from binpack.testing import node, pod


def cluster_of(dump):
    nodes = [node(f"bank-{i}").cpu(str(i + 2)).zone("ab"[i % 2]) for i in range(4)]
    return dump(
        *nodes, pod("secret-app", namespace="bank").request(cpu="1").label(team="fraud"), pod("other", namespace="bank").request(cpu="99")
    )


def test_names_are_gone_and_decisions_are_the_same(binpack, dump, tmp_path):
    cluster = cluster_of(dump)
    out = tmp_path / "anonymous.json"
    assert binpack("anonymize", "--cluster", cluster, "--salt", "x", "--out", out) == (0, "", "")
    text = out.read_text()
    assert not any(word in text for word in ("bank", "secret", "fraud"))
    before, after = (binpack("schedule", "--cluster", path, "--json").json for path in (cluster, out))
    kept = ("state", "score", "feasibleNodes", "runnerUpScore", "message")
    assert [[row[key] for key in kept] for row in before] == [[row[key] for key in kept] for row in after]


def test_a_salt_repeats_and_none_does_not(binpack, dump):
    cluster = cluster_of(dump)
    outputs = {binpack("anonymize", "--cluster", cluster, "--salt", "x").out for _ in range(2)}
    assert len(outputs) == 1
    assert binpack("anonymize", "--cluster", cluster).out != binpack("anonymize", "--cluster", cluster).out


def test_the_file_may_be_compressed(binpack, dump, tmp_path):
    out = tmp_path / "a.json.gz"
    assert binpack("anonymize", "--cluster", cluster_of(dump), "--out", out).code == 0
    assert json.loads(gzip.decompress(out.read_bytes()))["kind"] == "List"
    assert binpack("schedule", "--cluster", out).code == 0
