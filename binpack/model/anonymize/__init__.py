"""Takes the names out of a dump so that it can be shown to others, and leaves every scheduling decision as it was.

Kept: amounts, times, priorities, replica numbers, the keys that Kubernetes defines, and every relation: which selector selects which
pod, which taint is tolerated, which claim is bound to which volume.

Renamed: objects by rank (`node-0001`), so that they sort as before and ties fall the same way, within their namespace; label keys,
label values, images, container names, uids, drivers and devices by a salted hash, equal ones alike. Zones, regions and instance
types count among the label values; operating system and architecture stay.

Dropped: messages, addresses, provider ids, commands and paths, and all annotations but the few that decisions depend on.

What a name *contains* is lost: the ordinals of a StatefulSet's pods, the number in a CronJob's. A scheduler configuration that names
label keys, devices or schedulers has to be changed by hand.
"""

from __future__ import annotations

from collections.abc import Iterable

from binpack.model.anonymize.renamer import Renamer
from binpack.model.anonymize.walk import walk_object
from binpack.model.kinds import KubernetesObject

__all__ = ["anonymize"]


def anonymize(objects: Iterable[KubernetesObject], *, salt: str | bytes) -> list[KubernetesObject]:
    """Rename everything that could tell where a dump comes from.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        All that belong together, in one call: names are ranked among them.
    salt : str or bytes
        Keep it secret, and random: whoever knows it can test guesses. Two dumps under one salt have the same hashes (not the same
        ranks).

    Returns
    -------
    list[KubernetesObject]
        In the same order.
    """
    originals = list(objects)
    renamer = Renamer(salt.encode() if isinstance(salt, str) else salt)
    for value in originals:
        walk_object(renamer, value)
    renamer.finish_learning()
    return [walk_object(renamer, value) for value in originals]
