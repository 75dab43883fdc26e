"""Checks of metadata alone, of kinds that have a struct and of others: what every write is asked.

Source: apimachinery pkg/api/validation/objectmeta.go, v1.35.
"""

from __future__ import annotations

from binpack.model.field_errors import FieldError, forbidden, invalid
from binpack.model.meta import ObjectMeta, OwnerReference
from binpack.model.validation import fields
from binpack.model.validation.fields import Problems, complaints
from binpack.model.validation.names import dns_subdomain, is_qualified, is_subdomain, qualified_name

MAX_ANNOTATION_BYTES = 256 * 1024

_EMPTY = "must not be empty"
_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"


def validate_meta(meta: ObjectMeta, *, labels: bool = True) -> list[FieldError]:
    """List what is wrong with an object's name, labels, annotations, owners and finalizers.

    Parameters
    ----------
    meta : ObjectMeta
    labels : bool
        False if they are known to be right.
    """
    found = [] if is_subdomain(meta.name) else [*complaints("metadata.name", meta.name, dns_subdomain)]
    if labels:
        found += fields.labels(meta.labels, "metadata.labels")
    return [*found, *holders(meta)]


def validate_meta_update(new: ObjectMeta, old: ObjectMeta) -> list[FieldError]:
    """List what an update may not do to the metadata: an object that is being deleted gets no new finalizers."""
    added = [one for one in new.finalizers if one not in old.finalizers]
    if old.deletion_timestamp is None or not added:
        return []
    listed = ", ".join(f'"{one}"' for one in added)
    return [
        forbidden(
            "metadata.finalizers",
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}",
        )
    ]


def holders(meta: ObjectMeta) -> Problems:
    """Check annotations, owners and finalizers."""
    size = 0
    for key, value in meta.annotations.items():
        if not is_qualified(key.lower()):
            yield from complaints("metadata.annotations", key.lower(), qualified_name)
        size += len(key.encode()) + len(value.encode())
    if size > MAX_ANNOTATION_BYTES:
        yield FieldError("metadata.annotations", f"Too long: may not be more than {MAX_ANNOTATION_BYTES} bytes")
    yield from _owner_references(meta.owner_references)
    for finalizer in meta.finalizers:
        if not is_qualified(finalizer):
            yield from complaints("metadata.finalizers", finalizer, qualified_name)
    if _ORPHAN in meta.finalizers and _FOREGROUND in meta.finalizers:
        yield invalid("metadata.finalizers", meta.finalizers, f"finalizer {_ORPHAN} and {_FOREGROUND} cannot be both set")


def _owner_references(references: tuple[OwnerReference, ...]) -> Problems:
    path, controller = "metadata.ownerReferences", ""
    for one in references:
        if not one.api_version.rpartition("/")[2]:
            yield invalid(f"{path}.apiVersion", one.api_version, "version must not be empty")
        for field, value in (("kind", one.kind), ("name", one.name), ("uid", one.uid)):
            if not value:
                yield invalid(f"{path}.{field}", value, _EMPTY)
        if one.controller:
            if controller:
                both = f'Found "true" in references for {controller} and {one.name}'
                yield invalid(path, references, f"Only one reference can have Controller set to true. {both}")
            controller = one.name
