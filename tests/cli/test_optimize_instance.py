"""`binpack optimize --instance`: the fewest bins for a file of the literature, with a certificate of patterns."""

from __future__ import annotations

import json

import pytest

HEAD = ["status", "objective", "bound", "gap", "seconds", "method", "repeatable", "certificate", "baselines"]
PAIRS = "1\n10\n3\n6 4\n4 3\n3 1\n"
"""Four of 6 and three of 4 fill three bins, the fourth 6 takes the 3."""


def test_json_begins_as_promised(binpack, file):
    ran = binpack("optimize", "--instance", file("pairs.vbp", PAIRS), "--json")
    assert ran.code == 0
    assert list(ran.json)[: len(HEAD)] == HEAD
    assert [ran.json[key] for key in ("status", "objective", "bound", "gap")] == ["optimal", 4, 4, 0.0]
    assert ran.json["certificate"] == {"kind": "sum", "verified": True}
    assert ran.json["patterns"] == [
        {"bins": 3, "items": [{"sizes": [6], "count": 1}, {"sizes": [4], "count": 1}]},
        {"bins": 1, "items": [{"sizes": [6], "count": 1}, {"sizes": [3], "count": 1}]},
    ]


def test_the_certificate_has_patterns_and_is_verified(binpack, file, tmp_path):
    proof = tmp_path / "proof.json"
    assert binpack("optimize", "--instance", file("pairs.vbp", PAIRS), "--certificate", proof).code == 0
    assert json.loads(proof.read_text())["placement"] == [[0, 3, [[0, 1], [1, 1]]], [0, 1, [[0, 1], [2, 1]]]]
    ran = binpack("verify", proof)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Verified: optimal, on the integers of the instance.")


def test_text_and_csv(binpack, file):
    path = file("pairs.vbp", PAIRS)
    out = binpack("optimize", "--instance", path).out
    assert "8 items in 3 sizes, 1 dimension" in out
    assert "Proof       4 is optimal, by sum of size; the certificate was checked" in out
    assert "     3 ×    1 × 6, 1 × 4" in out
    assert binpack("optimize", "--instance", path, "-o", "csv").out == "bins,items\n3,1*6;1*4\n1,1*6;1*3\n"


def test_one_of_many_with_decimals(binpack, file):
    path = file("binpack.txt", "2\n a\n 10 2 1\n4\n5\n b\n 1.5 3 2\n0.5\n1.0\n1.25\n")
    ran = binpack("optimize", "--instance", f"{path}#b", "--format", "orlib", "--json")
    assert (ran.json["objective"], ran.json["status"]) == (2, "optimal")
    assert ran.json["instance"]["multiplier"] == 100
    assert ran.json["instance"]["bestKnown"] == 2
    assert ran.json["instance"]["capacity"] == [150]
    assert "Known       2 bins, says the file" in binpack("optimize", "--instance", f"{path}#b", "--format", "orlib").out


def test_a_mistake_in_the_file_is_one_line(binpack, file, tmp_path):
    ran = binpack("optimize", "--instance", file("bad.vbp", "1\n10\n1\n12 1\n"), "--certificate", tmp_path / "proof.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: {tmp_path}/bad.vbp, line 4: an item of size 12 is larger than any bin"
        " (accepted: at most 10; make the bins larger or leave the item out)\n"
    )
    assert not (tmp_path / "proof.json").exists()


@pytest.mark.parametrize("seed", ["0", "1"])
def test_same_seed_and_deterministic_limit_same_certificate(binpack, file, tmp_path, seed):
    triplets = "1\n1000\n9\n" + "".join(f"{size} 1\n" for size in (487, 262, 251, 453, 290, 257, 401, 310, 289))
    path = file("triplets.vbp", triplets)
    for name in ("a.json", "b.json"):
        binpack("optimize", "--instance", path, "--deterministic-limit", "0.5", "--seed", seed, "--certificate", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text())["levels"][0]["value"] == 3
