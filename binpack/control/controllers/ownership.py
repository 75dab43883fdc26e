"""Who owns what: controller references, and the adoption and release of objects by a selector.

Source: pkg/controller/controller_ref_manager.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from binpack.control.actions import EditMetadata, Outcome
from binpack.control.apiserver.resources import ApiObject
from binpack.model.meta import LabelSelector, OwnerReference, controller_of
from binpack.model.selectors import NOTHING, Selector, SelectorError, compile_label_selector

T = TypeVar("T", bound=ApiObject)

_compiled: dict[int, tuple[LabelSelector, Selector]] = {}
_MAX_COMPILED = 20_000


def selector_of(selector: LabelSelector | None) -> Selector:
    """Compile a selector, once for each object that holds it. One that cannot be parsed selects nothing."""
    if selector is None:
        return NOTHING
    known = _compiled.get(id(selector))
    if known is not None and known[0] is selector:
        return known[1]
    try:
        compiled = compile_label_selector(selector)
    except SelectorError:
        compiled = NOTHING
    if len(_compiled) >= _MAX_COMPILED:
        _compiled.clear()
    # The selector is kept beside the answer, so that no other object can take over its id.
    _compiled[id(selector)] = (selector, compiled)
    return compiled


def controller_reference(owner: ApiObject) -> OwnerReference:
    """Return the reference that a controller writes into what it creates or adopts."""
    return OwnerReference(
        api_version=owner.api_version,
        kind=owner.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def is_controlled_by(value: ApiObject, uid: str) -> bool:
    """Tell whether an object's controller is the one with this uid."""
    reference = controller_of(value.metadata)
    return reference is not None and reference.uid == uid


@dataclass(frozen=True, slots=True)
class Claims(Generic[T]):
    """What belongs to an owner, and the writes that make it so.

    Parameters
    ----------
    claimed : tuple
        Owned objects that match, and those to be adopted, as they were read.
    writes : tuple of EditMetadata
        Adoptions and releases.
    """

    claimed: tuple[T, ...]
    writes: tuple[EditMetadata, ...]


def as_written(claimed: Sequence[T], outcomes: Iterable[Outcome]) -> tuple[T, ...]:
    """Return claimed objects as they are once those to be adopted have been: the reader may not show it yet."""
    adopted = {one.result.metadata.uid: one.result for one in outcomes if one.result is not None}
    return tuple(cast(T, adopted.get(one.metadata.uid, one)) for one in claimed)


def claim(
    owner: ApiObject,
    selector: Selector,
    owned: Iterable[T],
    orphans: Iterable[T],
    *,
    matches: Callable[[T], bool] | None = None,
    finalizer: str = "",
) -> Claims[T]:
    """Decide for each candidate whether it stays, is adopted, released or ignored.

    Parameters
    ----------
    owner : ApiObject
    selector : Selector
        The owner's.
    owned : iterable
        Objects whose controller the owner is.
    orphans : iterable
        Objects of the owner's namespace without a controller.
    matches : callable, optional
        What a candidate must meet besides the selector.
    finalizer : str, optional
        Put on together with the reference on adoption, and taken off with it on release.
    """
    is_terminating = owner.metadata.deletion_timestamp is not None

    # Pods of one template share the very dictionary of their labels: ask once for each.
    answers: dict[int, bool] = {}

    def selected(candidate: T) -> bool:
        labels = candidate.metadata.labels
        answer = answers.get(id(labels))
        if answer is None:
            answer = answers[id(labels)] = selector.matches(labels)
        return answer and (matches is None or matches(candidate))

    claimed: list[T] = []
    writes: list[EditMetadata] = []
    for candidate in owned:
        if selected(candidate):
            claimed.append(candidate)
        elif not is_terminating:
            writes.append(EditMetadata(candidate, release=owner.metadata.uid, drop_finalizer=finalizer))
    for candidate in orphans:
        if not is_terminating and candidate.metadata.deletion_timestamp is None and selected(candidate):
            claimed.append(candidate)
            writes.append(EditMetadata(candidate, adopt=controller_reference(owner), add_finalizer=finalizer))
    return Claims(tuple(claimed), tuple(writes))
