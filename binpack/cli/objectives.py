"""What `binpack optimize` can be asked for: one of some words, or most of a resource by its name."""

from __future__ import annotations

from typing import Any

import click

OF_A_RESOURCE = "resource="


class ObjectiveType(click.Choice[str]):
    """A choice among words, and `resource=NAME` with any name."""

    def __init__(self) -> None:
        super().__init__(["nodes", "cost", "priority", "resource=NAME", "moves", "evictions"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take `resource=` with a name as it is."""
        if isinstance(value, str) and value.startswith(OF_A_RESOURCE):
            name = value.removeprefix(OF_A_RESOURCE)
            if name in ("", "NAME") or name != name.strip():
                self.fail(
                    f'"{value}" names no resource (accepted: resource=cpu, resource=memory, resource=nvidia.com/gpu and so on)', param, ctx
                )
            return value
        return super().convert(value, param, ctx)


def resource_of(objective: str) -> str | None:
    """The resource that an objective names."""
    return objective.removeprefix(OF_A_RESOURCE) if objective.startswith(OF_A_RESOURCE) else None
