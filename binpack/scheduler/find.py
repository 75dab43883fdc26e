"""Finds the pod that a user means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from binpack.errors import NotFoundError
from binpack.model.pod import Pod
from binpack.results.name_list import natural_key

_LISTED = 5


def find_pod(pods: Iterable[Pod], name: str, *, namespace: str | None = None) -> Pod:
    """Return the one pod of a name.

    Parameters
    ----------
    pods : iterable of Pod
    name : str
        `namespace/name`, or a name that only one pod has.
    namespace : str, optional
        Look only there.

    Raises
    ------
    NotFoundError
        If there is no such pod, or the name is not unique.
    """
    known = [pod for pod in pods if namespace is None or pod.metadata.namespace == namespace]
    found = [pod for pod in known if name in (pod.key, pod.metadata.name)]
    if len(found) == 1:
        return found[0]
    if found:
        keys = sorted((pod.key for pod in found), key=natural_key)
        raise NotFoundError(f'pod "{name}" is there {len(found)} times (accepted: {_some(keys)})')
    where = "" if namespace is None else f' in namespace "{namespace}"'
    near = _nearest(name, known)
    hint = f"accepted: namespace/name, or a unique name; the nearest: {', '.join(near)}" if near else "accepted: namespace/name"
    raise NotFoundError(f'no pod "{name}" among {len(known)}{where} ({hint})')


def _nearest(name: str, pods: list[Pod]) -> list[str]:
    by_text = {pod.metadata.name: pod.key for pod in pods} | {pod.key: pod.key for pod in pods}
    # What the name begins is nearer than what looks alike: a pod is often named by its Deployment.
    begun = sorted((key for text, key in by_text.items() if text.startswith(name)), key=natural_key)
    alike = get_close_matches(name, by_text, n=_LISTED) if not begun else []
    return list(dict.fromkeys([*begun, *(by_text[text] for text in alike)]))[:_LISTED]


def _some(keys: list[str]) -> str:
    shown = ", ".join(keys[:_LISTED])
    return shown if len(keys) <= _LISTED else f"{shown} and {len(keys) - _LISTED} more"
