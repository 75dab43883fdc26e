"""Kubernetes' Events: what components tell the user that they did, as `kubectl describe` shows it."""

from __future__ import annotations

from typing import Literal

from binpack.control.apiserver.resources import ApiObject
from binpack.model.base import Value

RecordType = Literal["Normal", "Warning"]


class Record(Value, frozen=True):
    """One Event, not yet written down.

    Parameters
    ----------
    about : ApiObject
        The object that it is about.
    type : str
        Normal or Warning.
    reason : str
        In camel case, for machines: `FailedScheduling`.
    message : str
        For people.
    """

    about: ApiObject
    type: RecordType
    reason: str
    message: str


class RecordedEvent(Value, frozen=True):
    """One Event as it was written down.

    Parameters
    ----------
    time_us : int
        Virtual time.
    component : str
        Who reports.
    kind, namespace, name : str
        What it is about.
    type, reason, message : str
    """

    time_us: int
    component: str
    kind: str
    namespace: str
    name: str
    type: RecordType
    reason: str
    message: str


class EventSink:
    """Where components send their Events. They are kept apart from the objects and cost no revision of the store.

    Attributes
    ----------
    recorded : list[RecordedEvent]
        In the order in which they were sent. Whoever reads them may empty it.
    """

    __slots__ = ("recorded",)

    def __init__(self) -> None:
        self.recorded: list[RecordedEvent] = []

    def record(self, time_us: int, component: str, record: Record) -> None:
        """Write one Event down."""
        about = record.about
        self.recorded.append(
            RecordedEvent(
                time_us, component, about.kind, about.metadata.namespace, about.metadata.name, record.type, record.reason, record.message
            )
        )
