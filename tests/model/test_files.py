"""Which files are read, and what is said of those that cannot be."""

import gzip
import io
import json

import pytest

from binpack.errors import ManifestError
from binpack.model.load import load

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4"}}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1"}, "spec": {"containers": [{"name": "c"}]}}


def named(value, name):
    return value | {"metadata": {**value["metadata"], "name": name}}


def names(objects):
    return [value.metadata.name for value in objects]


def test_a_directory_is_read_by_name_with_all_below_it(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name, value in (
        ("c.yaml", named(NODE, "c")),
        ("a.json", named(NODE, "a")),
        ("b/2.yml", named(NODE, "b2")),
        ("b/1.json", named(NODE, "b1")),
        ("b.yaml", named(NODE, "after-b")),
        ("notes.txt", named(NODE, "no")),
        (".hidden.yaml", named(NODE, "no")),
        (".git/x.yaml", named(NODE, "no")),
    ):
        (tmp_path / name).write_text(json.dumps(value))
    (tmp_path / "d.json.gz").write_bytes(gzip.compress(json.dumps(named(NODE, "d")).encode()))
    (tmp_path / "empty.yaml").write_text("# nothing here\n")
    assert names(load(tmp_path)) == ["a", "b1", "b2", "after-b", "c", "d"]


def test_several_paths_in_their_order(tmp_path):
    (tmp_path / "a.yaml").write_text(json.dumps(NODE))
    (tmp_path / "b.dump").write_text(json.dumps(POD))
    objects = load([tmp_path / "b.dump", str(tmp_path / "a.yaml"), "-"], stdin=io.BytesIO(json.dumps(named(NODE, "n2")).encode()))
    assert names(objects) == ["p1", "n1", "n2"]
    assert [str(source) for source in objects.sources] == [
        f"{tmp_path}/b.dump, document 1",
        f"{tmp_path}/a.yaml, document 1",
        "standard input, document 1",
    ]


def test_a_yaml_file_may_begin_with_a_flow_mapping(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "{apiVersion: v1, kind: Node, metadata: {name: n1}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: n2}}\n"
    )
    assert names(load(tmp_path / "a.yaml")) == ["n1", "n2"]


@pytest.mark.parametrize(
    ("why", "name", "content", "message"),
    [
        (
            "no such file",
            "missing.yaml",
            None,
            "no such file or directory (accepted: a manifest, a directory of them, or - for standard input)",
        ),
        ("not compressed", "a.yaml.gz", b"a: 1", "is not compressed with gzip (accepted: gzip, or a name without .gz)"),
        ("cut off", "a.json.gz", gzip.compress(json.dumps(NODE).encode(), mtime=0)[:-12], "is damaged, gzip cannot read it ("),
        ("damaged", "a.json.gz", b"\x1f\x8b" + bytes(40), "is damaged, gzip cannot read it ("),
        ("binary", "a.yaml", b"PK\x03\x04\x00\x00", "is no text, byte 5 is 0x00 (accepted: JSON or YAML in UTF-8)"),
        ("latin-1", "a.yaml", "a: é".encode("latin-1"), "is no text, byte 4 is 0xE9 (accepted: JSON or YAML in UTF-8)"),
        ("empty", "a.yaml", b"", "holds no object (accepted: Kubernetes objects in JSON or YAML)"),
        ("only comments", "a.yaml", b"# x\n---\n", "holds no object (accepted: Kubernetes objects in JSON or YAML)"),
    ],
)
def test_unreadable_files(why, name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_directory_without_manifests(tmp_path):
    (tmp_path / "README.md").write_text("no")
    with pytest.raises(ManifestError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: holds no manifest (accepted: files named .json, .yaml, .yml, each also with .gz)"


def test_links_to_directories_are_not_followed(tmp_path):
    (tmp_path / "a.yaml").write_text(json.dumps(NODE))
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert names(load(tmp_path)) == ["n1"]
