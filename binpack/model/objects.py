"""What was read from files: the objects in order, where each came from, and what was skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from binpack.errors import ManifestError
from binpack.model.base import to_manifest
from binpack.model.kinds import KubernetesObject

T = TypeVar("T")


class Source(NamedTuple):
    """Where an object stands.

    Parameters
    ----------
    file : str
        As the user named it.
    document : int | None
        From 1; None for the only document of a file if that is a list, for then the item says enough.
    item : int | None
        From 1, in a list.
    """

    file: str
    document: int | None = 1
    item: int | None = None

    def __str__(self) -> str:
        document = "" if self.document is None else f", document {self.document}"
        item = "" if self.item is None else f", item {self.item}"
        return f"{self.file}{document}{item}"

    def of(self, kind: str, namespace: str, name: str) -> str:
        """Name the place; a list's item is also named by what it is, for nobody counts to item 17."""
        if self.item is None:
            return str(self)
        return f"{self} ({identity(kind, namespace, name)})" if kind and name else f"{self} ({kind})" if kind else str(self)


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects in the order of their files.

    Parameters
    ----------
    objects : tuple[KubernetesObject, ...]
    sources : tuple[Source, ...]
        Parallel to `objects`.
    skipped : Counter[str]
        How many objects of each kind were not read, because this toolkit does not know the kind (or that version of it).
    """

    objects: tuple[KubernetesObject, ...] = ()
    sources: tuple[Source, ...] = ()
    skipped: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.objects)

    def __iter__(self) -> Iterator[KubernetesObject]:
        return iter(self.objects)

    def of(self, kind: type[T]) -> list[T]:
        """Return the objects of one kind: `objects.of(Node)`."""
        return [value for value in self.objects if isinstance(value, kind)]

    def by_kind(self) -> dict[str, list[KubernetesObject]]:
        """Group the objects by kind, the kinds in the order in which they appear."""
        grouped: dict[str, list[KubernetesObject]] = {}
        for value in self.objects:
            grouped.setdefault(value.kind, []).append(value)
        return grouped

    def place(self, index: int) -> str:
        """Name the place of an object: `cluster.json, item 17 (Pod default/web-1)`."""
        meta = self.objects[index].metadata
        return self.sources[index].of(self.objects[index].kind, meta.namespace, meta.name)

    def with_objects(self, objects: Iterable[KubernetesObject]) -> Objects:
        """Replace the objects, one for one."""
        replaced = tuple(objects)
        if len(replaced) != len(self.objects):
            raise ValueError("as many objects as before are needed")
        return Objects(replaced, self.sources, self.skipped)

    def skipped_line(self) -> str | None:
        """Say in one line what was skipped; None if nothing was."""
        if not self.skipped:
            return None
        total = sum(self.skipped.values())
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.skipped.items(), key=lambda entry: (-entry[1], entry[0])))
        return f"skipped {total} object{'s' * (total != 1)} of kinds that are not read here: {kinds}"


def combine(*several: Objects) -> Objects:
    """Join what was read in several steps.

    Raises
    ------
    ManifestError
        If an object is given twice; both places are named.
    """
    skipped: Counter[str] = Counter()
    for one in several:
        skipped.update(one.skipped)
    joined = Objects(
        tuple(value for one in several for value in one.objects),
        tuple(source for one in several for source in one.sources),
        skipped,
    )
    refuse_duplicates(joined)
    return joined


def refuse_duplicates(objects: Objects) -> None:
    """Raise ManifestError if two objects have the same kind, namespace and name."""
    first: dict[tuple[str, str, str], int] = {}
    for index, value in enumerate(objects.objects):
        key = (value.kind, value.metadata.namespace, value.metadata.name)
        earlier = first.setdefault(key, index)
        if earlier != index:
            raise ManifestError(
                f"{objects.sources[index]}: {identity(*key)} is there already, in {objects.sources[earlier]}"
                " (accepted: each name once for a kind and namespace)"
            )


def identity(kind: str, namespace: str, name: str) -> str:
    """Name an object: `Pod default/web-1`, `Node n1`."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def as_list(objects: Sequence[KubernetesObject]) -> dict[str, Any]:
    """Write objects as `kubectl get -o json` prints several: one `kind: List`."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [to_manifest(value) for value in objects]}
