"""The images on a node: which there are, how long pulling others takes, which go when the disk fills up.

Source: pkg/kubelet/images (image_manager.go, puller.go, image_gc_manager.go), pkg/kubelet/nodestatus/setters.go (Images), v1.35.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from binpack.model.node import ContainerImage
from binpack.plugins.image_locality import normalized_name
from binpack.units import US_PER_S

MAX_REPORTED_IMAGES = 50
"""`nodeStatusMaxImages`."""

_FIRST_BACKOFF_US = 10 * US_PER_S
_MAX_BACKOFF_US = 300 * US_PER_S
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*(?::[\w][\w.-]{{0,127}})?(?:@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{{32,}})?"
)


@dataclass(slots=True)
class HeldImage:
    """An image on a node, or on its way there.

    Parameters
    ----------
    names : tuple of str
        As the node reports them.
    size_bytes : int
    here_us : int
        When it is (or was) there.
    used_us : int
        When a container last ran on it.
    """

    names: tuple[str, ...]
    size_bytes: int
    here_us: int
    used_us: int


@dataclass(slots=True)
class ImageStore:
    """The images of one node.

    Parameters
    ----------
    held : dict[str, HeldImage]
        By each of their names.
    free_us : list of int
        When each of the places for pulls is free.
    """

    held: dict[str, HeldImage] = field(default_factory=dict)
    free_us: list[int] = field(default_factory=list)

    @classmethod
    def reported(cls, images: Iterable[ContainerImage], now_us: int) -> ImageStore:
        """Take over what a node reports."""
        store = cls()
        for image in images:
            store._hold(HeldImage(image.names, image.size_bytes, now_us, now_us))
        return store

    def here_at(self, image: str) -> int | None:
        """Return when an image is there; None if it is not and nobody pulls it."""
        held = self.held.get(normalized_name(image)) or self.held.get(image)
        return None if held is None else held.here_us

    def pull(self, image: str, size_bytes: int, bytes_per_second: int, now_us: int, *, places: int) -> int:
        """Begin to pull an image, as soon as one of so many places is free, and return when it is there."""
        self.free_us += [0] * (places - len(self.free_us))
        place = min(range(places), key=lambda number: (self.free_us[number], number))
        end_us = max(self.free_us[place], now_us) + -(-size_bytes * US_PER_S // max(bytes_per_second, 1))
        self.free_us[place] = end_us
        self._hold(HeldImage((normalized_name(image),), size_bytes, end_us, end_us))
        return end_us

    def bytes_at(self, now_us: int) -> int:
        """Return how much of the disk the images take."""
        return sum(image.size_bytes for image in self._distinct() if image.here_us <= now_us)

    def report(self, now_us: int) -> tuple[ContainerImage, ...]:
        """Return what the node's status lists: the largest ones first, at most 50."""
        here = [image for image in self._distinct() if image.here_us <= now_us]
        here.sort(key=lambda image: (-image.size_bytes, image.names))
        return tuple(ContainerImage(image.names, image.size_bytes) for image in here[:MAX_REPORTED_IMAGES])

    def touch(self, names: Iterable[str], now_us: int) -> None:
        """Note that images are (or were until now) in use."""
        for name in names:
            held = self.held.get(normalized_name(name))
            if held is not None:
                held.used_us = max(held.used_us, now_us)

    def collect(self, to_free: int, in_use: Collection[str], now_us: int, minimum_age_us: int) -> list[str]:
        """Remove unused images, those that were used the longest ago first, until so much is free; return a name of each.

        Images younger than the minimum age stay.
        """
        used = {normalized_name(name) for name in in_use}
        unused = [image for image in self._distinct() if image.here_us <= now_us and not used.intersection(image.names)]
        unused.sort(key=lambda image: (image.used_us, image.here_us, image.names))
        removed: list[str] = []
        for image in unused:
            if to_free <= 0:
                break
            if now_us - image.here_us < minimum_age_us:
                continue
            for name in image.names:
                self.held.pop(name, None)
            to_free -= image.size_bytes
            removed.append(image.names[0] if image.names else "")
        return removed

    def _hold(self, image: HeldImage) -> None:
        for name in image.names:
            self.held[name] = image

    def _distinct(self) -> list[HeldImage]:
        seen: dict[int, HeldImage] = {id(image): image for image in self.held.values()}
        return list(seen.values())


def always_pulls(image: str, policy: str) -> bool:
    """Tell whether the effective pull policy is Always: that of a `latest` tag, or none, unless something else is said."""
    return (policy or ("Always" if normalized_name(image).endswith(":latest") else "IfNotPresent")) == "Always"


@lru_cache(maxsize=4096)
def is_valid_image(image: str) -> bool:
    """Tell whether a reference can be parsed. Source: distribution/reference, regexp.go."""
    return _REFERENCE.fullmatch(image) is not None


def pull_backoff_us(failures: int) -> int:
    """Return how long after so many failures in a row the image is pulled again: 10, 20, 40 … 300 s."""
    return min(_FIRST_BACKOFF_US << min(failures - 1, 10), _MAX_BACKOFF_US)
