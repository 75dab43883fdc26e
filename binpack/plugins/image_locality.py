"""ImageLocality: prefers nodes that hold the pod's images already.

Source: imagelocality/image_locality.go, v1.35.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.state.node_table import NodeTable
from binpack.units import MAX_NODE_SCORE, MIB

MIN_BYTES = 23 * MIB
MAX_BYTES_PER_CONTAINER = 1000 * MIB


@dataclass(frozen=True, slots=True)
class WantedImage:
    """An image that some node holds.

    Parameters
    ----------
    name : str
    times : int
        How many of the pod's containers run it.
    spread : float
        The share of all nodes that hold it: a rare image counts less, lest all its pods gather on one node.
    """

    name: str
    times: int
    spread: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """The pod's images that are anywhere, and the bytes that make a full score."""

    images: tuple[WantedImage, ...]
    full_bytes: int


class ImageLocality:
    """Reads image sizes from node values, one column an image.

    Each row counts with its own node's size. kube-scheduler's live cache keeps the size of whichever node reported a name first;
    the two agree wherever nodes do.
    """

    name: ClassVar[str] = "ImageLocality"
    points: ClassVar[frozenset[Point]] = frozenset({Point.SCORE})
    reads: ClassVar[Reads] = Reads.STATIC | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("images",)
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Prepared | Skip:
        """Look up how far each image is spread; a pod with no image on any node would score 0 everywhere, and skips."""
        containers = (*pod.spec.init_containers, *pod.spec.containers)
        images = []
        for name, times in Counter(normalized_name(container.image) for container in containers).items():
            holders = np.count_nonzero(_sizes(name, cluster))
            if holders:
                # All nodes count, not only the feasible ones.
                images.append(WantedImage(name, times, holders / len(cluster)))
        return Prepared(tuple(images), MAX_BYTES_PER_CONTAINER * len(containers)) if images else SKIP

    def score(self, prepared: Prepared, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows by the bytes that are there already, each image's weighed by its spread; shape [len(rows)]."""
        held = np.zeros(len(rows), np.int64)
        for image in prepared.images:
            size = np.maximum(rows.take(_sizes(image.name, rows.cluster)) - 1, 0)
            held += image.times * (size * image.spread).astype(np.int64)
        clamped = np.clip(held, MIN_BYTES, prepared.full_bytes)
        return MAX_NODE_SCORE * (clamped - MIN_BYTES) // (prepared.full_bytes - MIN_BYTES)


def normalized_name(image: str) -> str:
    """Return an image's name as a node reports it: without a tag (or digest) it is `:latest`.

    Examples
    --------
    >>> normalized_name("registry:5000/web")
    'registry:5000/web:latest'
    """
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


def _sizes(name: str, nodes: NodeTable) -> NDArray[np.int64]:
    """Return each node's size of an image plus 1, so that 0 says that it is not there; shape [capacity]."""
    return nodes.node_values(("image", name), partial(_size_plus_one, name))


def _size_plus_one(name: str, node: Node) -> int:
    """A name that a node lists twice has the size listed last, as in a snapshot made from a list of nodes."""
    sizes = [image.size_bytes for image in node.status.images if name in image.names]
    return sizes[-1] + 1 if sizes else 0
