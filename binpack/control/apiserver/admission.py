"""What a write goes through before it is stored: defaulting, the admission plugins in Kubernetes' order, and validation.

The order: NamespaceLifecycle; LimitRanger, Priority, DefaultTolerationSeconds and RuntimeClass add to a pod; what the API server computes
itself (`strategies.py`, TaintNodesByCondition among it); validation; LimitRanger and Priority refuse; ResourceQuota charges, last of all.
Source: pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins); apiserver registry/rest/create.go and update.go, v1.35.

Pods made of one template share its frozen spec. The answer is kept by the identity of that spec, so that the thousandth pod of a
template costs a look-up, and all of them share one admitted spec.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from binpack.control.apiserver import namespace_lifecycle, quota_admission
from binpack.control.apiserver.errors import ForbiddenError, InvalidError
from binpack.control.apiserver.limit_ranger import check_claim, check_pod, with_defaults
from binpack.control.apiserver.resources import ApiObject, Unstructured, is_namespaced, qualified_kind, resource_of
from binpack.control.apiserver.strategies import prepare_for_create
from binpack.errors import ManifestError
from binpack.model.admission import admit_pod, check_global_default, with_default_tolerations
from binpack.model.base import replace
from binpack.model.defaulting import default_object
from binpack.model.field_errors import FieldError
from binpack.model.limit_ranges import ANNOTATION
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod, PodSpec, PodStatus
from binpack.model.policy import LimitRange, PriorityClass
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.validation import validate, validate_meta, validate_meta_update, validate_update
from binpack.model.validation.fields import not_negative
from binpack.model.validation.names import is_subdomain
from binpack.model.workloads import Deployment, ReplicaSet, StatefulSet

if TYPE_CHECKING:
    from binpack.control.apiserver.store import Store

T = TypeVar("T", bound=ApiObject)

_MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class _Known:
    """One answer: for this spec and these labels, at these revisions of the classes and with these LimitRanges.

    `meta` is that of the pod that was asked about, found right.
    """

    spec: PodSpec
    meta: ObjectMeta
    classes: tuple[int, ...]
    ranges: list[LimitRange]
    admitted: PodSpec
    status: PodStatus
    annotation: str


class Admission:
    """Kubernetes' own defaulting, admission plugins and validation.

    Parameters
    ----------
    validates : bool
        False to store what only an API server would refuse: objects reduced to the fields that a case is about.
    """

    __slots__ = ("_known", "_validates")

    def __init__(self, *, validates: bool = True) -> None:
        self._validates = validates
        self._known: dict[int, _Known] = {}

    def __getstate__(self) -> bool:
        # What is kept is keyed by identity and only saves time.
        return self._validates

    def __setstate__(self, validates: bool) -> None:
        self._validates = validates
        self._known = {}

    def check_place(self, new: ApiObject, store: Store) -> None:
        """Refuse a new object in a namespace that is not there or is going: the first of the plugins (NamespaceLifecycle).

        Raises
        ------
        NotFoundError, ForbiddenError
        """
        resource = resource_of(new)
        if self._validates and is_namespaced(resource):
            namespace_lifecycle.check_create(new, resource, new.metadata.namespace or "default", store)

    def admit(self, new: T, store: Store) -> T:
        """Return a new object, which has its name and uid already, as it is to be stored.

        Raises
        ------
        ForbiddenError
            If an admission plugin refuses it.
        InvalidError
            If a field is wrong; all that are wrong are named.
        """
        if isinstance(new, Pod):
            admitted = cast(T, self._admit_pod(new, store))
        else:
            if isinstance(new, PriorityClass):
                self._check_default_class(new, store)
            admitted = prepare_for_create(self.default(new))
            self._validate(admitted)
            if isinstance(admitted, PersistentVolumeClaim) and (ranges := _ranges_of(admitted, store)):
                check_claim(admitted, ranges)
        quota_admission.charge(admitted, None, store)
        return admitted

    def admit_update(self, changed: T, current: T, store: Store) -> T:
        """Return a changed object as it is to be stored. What costs time is left out where spec and labels are as they were.

        Raises
        ------
        ForbiddenError, InvalidError
        """
        meta, given = current.metadata, changed.metadata
        spec = getattr(current, "spec", None)
        if spec is not None and getattr(changed, "spec", None) is spec and given.labels is meta.labels:
            if (
                given.annotations is not meta.annotations
                or given.owner_references is not meta.owner_references
                or not set(given.finalizers) <= set(meta.finalizers)
            ):
                self._refuse(changed, [*validate_meta(given, labels=False), *validate_meta_update(given, meta)])
            return changed
        if isinstance(changed, _Scalable) and isinstance(current, _Scalable) and _is_only_scaled(changed, current):
            replicas = not_negative(changed.spec.replicas, "spec.replicas")
            self._refuse(changed, [*validate_meta(given, labels=False), *validate_meta_update(given, meta), *replicas])
            return changed
        changed = self.default(changed)
        if isinstance(changed, Pod):
            changed = cast(T, with_default_tolerations(changed))
        elif isinstance(changed, PriorityClass):
            self._check_default_class(changed, store)
        self._validate(changed)
        self._refuse(changed, validate_meta_update(given, meta))
        if not isinstance(changed, Unstructured) and not isinstance(current, Unstructured):
            self._refuse(changed, validate_update(changed, current))
        if isinstance(changed, PersistentVolumeClaim) and (ranges := _ranges_of(changed, store)):
            check_claim(changed, ranges)
        quota_admission.charge(changed, current, store)
        return changed

    def default(self, value: T) -> T:
        """Return an object with the defaults of its kind."""
        return value if isinstance(value, Unstructured) else cast(T, default_object(value))

    def _admit_pod(self, new: Pod, store: Store) -> Pod:
        classes = store.revision_of("PriorityClass"), store.revision_of("RuntimeClass")
        ranges = _ranges_of(new, store)
        known = self._known.get(id(new.spec))
        if (
            known is not None
            and known.spec is new.spec
            and known.classes == classes
            and known.ranges == ranges
            and (known.meta.labels is new.metadata.labels or known.meta.labels == new.metadata.labels)
        ):
            if self._validates and not (_is_held_alike(new.metadata, known.meta) and is_subdomain(new.metadata.name)):
                self._refuse(new, validate_meta(new.metadata, labels=False))
            admitted = replace(new, spec=known.admitted, status=known.status)
            return _annotated(admitted, known.annotation) if known.annotation else admitted
        try:
            # The API server's own defaults come first: a missing request equals its limit before a LimitRange is asked.
            limited = with_defaults(default_object(new), ranges)
            admitted = prepare_for_create(admit_pod(limited, _Lookup(store)))
        except ManifestError as refusal:
            raise ForbiddenError(str(refusal)) from None
        self._validate(admitted)
        check_pod(admitted, ranges)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        annotation = "" if limited.metadata is new.metadata else limited.metadata.annotations.get(ANNOTATION, "")
        self._known[id(new.spec)] = _Known(
            new.spec, new.metadata, classes, ranges, admitted.spec, admitted.status, annotation
        )  # fmt: skip
        return admitted

    def _check_default_class(self, new: PriorityClass, store: Store) -> None:
        try:
            check_global_default(new, store.scan(PriorityClass))
        except ManifestError as refusal:
            raise ForbiddenError(str(refusal)) from None

    def _validate(self, value: ApiObject) -> None:
        if self._validates:
            self._refuse(value, validate_meta(value.metadata) if isinstance(value, Unstructured) else validate(value))

    def _refuse(self, value: ApiObject, wrong: Sequence[FieldError]) -> None:
        if wrong and self._validates:
            texts = [str(error) for error in wrong]
            raise InvalidError(
                qualified_kind(resource_of(value)), value.metadata.name, texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
            )


def _is_held_alike(meta: ObjectMeta, other: ObjectMeta) -> bool:
    """Tell whether annotations, owners and finalizers are another's, as with pods of one template and one owner."""
    return (
        meta.annotations is other.annotations
        and meta.finalizers is other.finalizers
        and (meta.owner_references is other.owner_references or meta.owner_references == other.owner_references)
    )


_Scalable = Deployment | ReplicaSet | StatefulSet


def _is_only_scaled(changed: _Scalable, current: _Scalable) -> bool:
    """Tell whether a write changes nothing that is validated but the number of replicas, and annotations, owners and finalizers."""
    return (
        type(changed) is type(current)
        and changed.spec.replicas is not None
        and changed.metadata.labels == current.metadata.labels
        and replace(changed.spec, replicas=current.spec.replicas) == current.spec
    )


def _ranges_of(value: ApiObject, store: Store) -> list[LimitRange]:
    return store.scan(LimitRange, value.metadata.namespace)


def _annotated(pod: Pod, annotation: str) -> Pod:
    meta: ObjectMeta = pod.metadata
    return replace(pod, metadata=replace(meta, annotations={**meta.annotations, ANNOTATION: annotation}))


class _Lookup:
    """The store as admission looks classes up in it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, kind: str, name: str, namespace: str = "") -> Any | None:
        """Return one object, or None."""
        return self._store.find(kind, name, namespace)

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Any]:
        """Return the objects of a kind."""
        return self._store.scan(kind, namespace)
