"""Checks of quantities: containers' requests and limits, capacities.

Source: pkg/apis/core/validation/validation.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping

from binpack.model.field_errors import forbidden, invalid, required
from binpack.model.pod import ResourceRequirements
from binpack.model.quantity import NANO, Quantity
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY, is_extended
from binpack.model.validation.fields import NOT_NEGATIVE, Problems, complaints
from binpack.model.validation.names import qualified_name

_STANDARD = (CPU, MEMORY, EPHEMERAL_STORAGE)
_HUGE_PAGES = "hugepages-"


def quantities(values: Mapping[str, Quantity], path: str) -> Problems:
    """Check that no amount is negative and that devices come in whole numbers."""
    for name, quantity in values.items():
        where = f"{path}[{name}]"
        if quantity.nanos < 0:
            yield invalid(where, quantity, NOT_NEGATIVE)
        elif is_extended(name) and quantity.nanos % NANO:
            yield invalid(where, quantity, "must be an integer")


def container_resources(resources: ResourceRequirements, path: str) -> Problems:
    """Check a container's requests and limits."""
    for field, values in (("limits", resources.limits), ("requests", resources.requests)):
        for name in values:
            yield from _container_resource_name(name, f"{path}.{field}[{name}]")
        yield from quantities(values, f"{path}.{field}")
    for name, request in resources.requests.items():
        yield from _request_within_limit(name, request, resources.limits.get(name), path)
    names = {*resources.requests, *resources.limits}
    if any(name.startswith(_HUGE_PAGES) for name in names) and not names & {CPU, MEMORY}:
        yield forbidden(path, "HugePages require cpu or memory")


def _container_resource_name(name: str, path: str) -> Problems:
    problems = list(complaints(path, name, qualified_name))
    yield from problems
    if not problems and "/" not in name and name not in _STANDARD and not name.startswith(_HUGE_PAGES):
        yield invalid(path, name, "must be a standard resource for containers")


def _request_within_limit(name: str, request: Quantity, limit: Quantity | None, path: str) -> Problems:
    overcommitted = name in _STANDARD
    if limit is None:
        if not overcommitted:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    elif not overcommitted and request != limit:
        yield invalid(f"{path}.requests", request, f"must be equal to {name} limit of {limit}")
    elif limit < request:
        yield invalid(f"{path}.requests", request, f"must be less than or equal to {name} limit of {limit}")
