"""Walks an object and applies the rules to every field."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from binpack.model.anonymize.renamer import Renamer
from binpack.model.anonymize.rules import RULES, Rule, Scope, drop
from binpack.model.anonymize.well_known import OWNER_KINDS
from binpack.model.base import replace
from binpack.model.kinds import CLUSTER_SCOPED, KINDS, KubernetesObject
from binpack.model.meta import LabelSelectorRequirement, ObjectReference, OwnerReference
from binpack.model.pod import NodeSelectorTerm, Pod
from binpack.model.quantity import Quantity
from binpack.model.storage import TopologySelectorLabelRequirement

_KINDS = frozenset(kind for _, kind in KINDS)


def walk_object(renamer: Renamer, value: KubernetesObject) -> Any:
    """Rename one object, and everything in it."""
    meta = value.metadata
    scope = Scope(value.kind, "" if value.kind in CLUSTER_SCOPED else meta.namespace)
    if renamer.learning and isinstance(value, Pod):
        for volume in value.spec.volumes:
            if volume.ephemeral is not None:
                renamer.learn_ephemeral_volume(scope.namespace, meta.name, volume.name)
    walked = _walk(renamer, value, scope)
    name = renamer.object_name(value.kind, scope.namespace, meta.name)
    return replace(walked, metadata=replace(walked.metadata, name=name, namespace=renamer.namespace(meta.namespace)))


def text_fields(struct: type) -> list[str]:
    """List the fields of a struct that can hold text, which a rule has to decide about."""
    return [field.name for field in _fields(struct) if _holds_text(field.type) and field.name not in _top_level(struct)]


def _walk(renamer: Renamer, value: Any, scope: Scope) -> Any:
    special = _SPECIAL.get(type(value))
    if special is not None:
        return special(renamer, value, scope)
    changes: dict[str, Any] = {}
    for name, rule in _plan(type(value)):
        item = getattr(value, name)
        # Absent and empty fields say nothing; most fields of most objects are.
        if not item:
            continue
        changed = rule(renamer, item, scope)
        if changed is not item:
            changes[name] = changed
    return replace(value, **changes) if changes else value


def _plan(struct: type) -> tuple[tuple[str, Rule], ...]:
    """Which fields of a struct are changed, and how."""
    if struct not in _plans:
        _plans[struct] = _make_plan(struct)
    return _plans[struct]


_plans: dict[type, tuple[tuple[str, Rule], ...]] = {}


def _make_plan(struct: type) -> tuple[tuple[str, Rule], ...]:
    rules = RULES.get(struct, {})
    plan: list[tuple[str, Rule]] = []
    for field in _fields(struct):
        if field.name in rules:
            plan.append((field.name, rules[field.name]))
        elif field.name in _top_level(struct):
            continue
        elif _holds_text(field.type):
            plan.append((field.name, drop))
        elif _is_resource_list(field.type):
            plan.append((field.name, _resources))
        elif _holds_structs(field.type):
            plan.append((field.name, _enter))
    return tuple(plan)


def _fields(struct: type) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _top_level(struct: type) -> tuple[str, ...]:
    return ("api_version", "kind") if struct in KINDS.values() else ()


def _options(info: inspect.Type) -> tuple[inspect.Type, ...]:
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _holds_text(info: inspect.Type) -> bool:
    for option in _options(info):
        match option:
            case inspect.StrType() | inspect.VarTupleType(item_type=inspect.StrType()):
                return True
            case inspect.DictType() if not _is_resource_list(option):
                return True
    return False


def _is_resource_list(info: inspect.Type) -> bool:
    for option in _options(info):
        if isinstance(option, inspect.DictType) and isinstance(option.value_type, inspect.CustomType):
            return option.value_type.cls is Quantity
    return False


def _holds_structs(info: inspect.Type) -> bool:
    for option in _options(info):
        match option:
            case inspect.StructType() | inspect.VarTupleType(item_type=inspect.StructType()):
                return True
    return False


def _resources(renamer: Renamer, value: dict[str, Quantity], _scope: Scope) -> dict[str, Quantity]:
    return {renamer.resource(name): quantity for name, quantity in value.items()}


def _enter(renamer: Renamer, value: Any, scope: Scope) -> Any:
    if isinstance(value, msgspec.Struct):
        return _walk(renamer, value, scope)
    walked = tuple(_walk(renamer, item, scope) for item in value)
    return value if all(after is before for after, before in zip(walked, value, strict=True)) else walked


def _requirement(renamer: Renamer, value: LabelSelectorRequirement, _scope: Scope) -> LabelSelectorRequirement:
    key, operator = value.key, value.operator
    if operator in ("Gt", "Lt"):
        renamer.learn_comparison(key)
    return replace(value, key=renamer.label_key(key), values=tuple(renamer.label_value(key, one) for one in value.values))


def _node_term(renamer: Renamer, value: NodeSelectorTerm, scope: Scope) -> NodeSelectorTerm:
    expressions = tuple(_requirement(renamer, one, scope) for one in value.match_expressions)
    return replace(value, match_expressions=expressions, match_fields=tuple(_field(renamer, one) for one in value.match_fields))


def _field(renamer: Renamer, value: LabelSelectorRequirement) -> LabelSelectorRequirement:
    if value.key != "metadata.name":
        return replace(value, key=renamer.hashed("field", value.key), values=tuple(renamer.hashed("v", one) for one in value.values))
    return replace(value, values=tuple(renamer.node(name) for name in value.values))


def _topology(renamer: Renamer, value: TopologySelectorLabelRequirement, _scope: Scope) -> TopologySelectorLabelRequirement:
    return replace(value, key=renamer.label_key(value.key), values=tuple(renamer.label_value(value.key, one) for one in value.values))


def _owner(renamer: Renamer, value: OwnerReference, scope: Scope) -> OwnerReference:
    namespace = "" if value.kind in CLUSTER_SCOPED else scope.namespace
    return replace(
        value,
        api_version=value.api_version if value.kind in OWNER_KINDS else "example.com/v1",
        kind=value.kind if value.kind in OWNER_KINDS else renamer.hashed("Kind", value.kind),
        name=renamer.object_name(value.kind, namespace, value.name),
        uid=renamer.uid(value.uid),
    )


def _reference(renamer: Renamer, value: ObjectReference, _scope: Scope) -> ObjectReference:
    known = value.kind in _KINDS or value.kind == ""
    return replace(
        value,
        api_version=value.api_version if known else "example.com/v1",
        kind=value.kind if known else renamer.hashed("Kind", value.kind),
        namespace=renamer.namespace(value.namespace),
        # Only a volume refers to an object like this, and always to its claim; the kind is often left out.
        name=renamer.object_name(value.kind or "PersistentVolumeClaim", value.namespace, value.name),
        uid=renamer.uid(value.uid),
    )


_SPECIAL: dict[type, Any] = {
    LabelSelectorRequirement: _requirement,
    NodeSelectorTerm: _node_term,
    TopologySelectorLabelRequirement: _topology,
    OwnerReference: _owner,
    ObjectReference: _reference,
}
