"""How kubelets reach the API server: what they have heard of, and where their writes go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.reader import Reader
from binpack.model.pod import Pod

T = TypeVar("T", bound=ApiObject)


class KubeletWriter(Protocol):
    """What a kubelet's writes go to: the store, or what stands in for it."""

    def update_status(self, changed: T) -> T:
        """Replace an object's status."""

    def delete(self, kind: type[Pod], name: str, namespace: str = "", *, uid: str = "", grace_seconds: int | None = None) -> ApiObject:
        """Delete a pod."""


@dataclass(slots=True)
class ApiAccess:
    """What all kubelets share.

    Parameters
    ----------
    store : Store
        Has the clock; a kubelet asks it for the present state of a pod before it writes its status, as Kubernetes' status manager does, and
        keeps its Lease there.
    view : Reader
        What the kubelets have heard of: the store, unless they hear of writes late.
    writer : KubeletWriter
        The store, unless writes can fail.
    """

    store: Store
    view: Reader
    writer: KubeletWriter
