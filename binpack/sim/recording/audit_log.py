"""Reads audit logs of the API server: `audit.k8s.io/v1` Events, one JSON object a line (or EventLists, as a webhook gets them).

Requests that were answered (stage ResponseComplete) and succeeded are followed in the order in which they were received. At the level
RequestResponse each write shows the whole object; at the level Request a created or updated object is what was sent, and a patch is
merged into what is known of its object, which is right as long as it holds no list. At the level Metadata only deletions say enough. What
says too little is left out, and told.

Source: apiserver pkg/apis/audit/v1/types.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from binpack.control.apiserver.resources import is_namespaced, qualified_plural
from binpack.errors import ManifestError
from binpack.model.field_errors import short
from binpack.model.kinds import KINDS
from binpack.sim.recording.audited_objects import AuditedObjects
from binpack.sim.recording.history import NOT_REPLAYED, History, Key, Plain, part, parts, time_in
from binpack.sim.recording.json_documents import files_of, json_documents

API_VERSION = "audit.k8s.io/v1"
LEVELS = ("None", "Metadata", "Request", "RequestResponse")
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
SUBRESOURCES = frozenset({"", "status", "scale", "binding", "eviction"})
_KIND_OF = {qualified_plural(kind): (api_version, kind) for api_version, kind in KINDS if kind not in NOT_REPLAYED}


@dataclass(frozen=True, slots=True)
class Request:
    """A write that the API server was asked for and did.

    Parameters
    ----------
    time_us : int
        When it was received, microseconds since 1970.
    place : str
    verb, subresource, level : str
    api_version : str
    key : Key
        The name is empty where only the answer tells it.
    sent, answered : dict or None
        The bodies; None where the log has none.
    is_selective : bool
        A deletion of several objects by labels or fields.
    """

    time_us: int
    place: str
    verb: str
    subresource: str
    level: str
    api_version: str
    key: Key
    sent: Any
    answered: Any
    is_selective: bool


def read_audit_logs(paths: Sequence[Path], present: Sequence[tuple[str, Plain]] = ()) -> History:
    """Read audit logs, and put their requests in one order.

    Parameters
    ----------
    paths : sequence of Path
        Files, or directories of files named `*.json`, `*.jsonl` or `*.log`, each also with `.gz`.
    present : sequence of (place, object)
        What was there when the log begins.

    Raises
    ------
    ManifestError
        If a file is no audit log; the message names the file, the line and the field.
    """
    requests: list[Request] = []
    times: list[int] = []
    for path in files_of(paths):
        for place, document in json_documents(path):
            for where, event in _events(place, document):
                time_us = time_in(event.get("requestReceivedTimestamp"), where, "requestReceivedTimestamp")
                times.append(time_us)
                request = _request(event, where, time_us)
                if request is not None:
                    requests.append(request)
    start_us, end_us = min(times, default=0), max(times, default=0)
    objects = AuditedObjects(present, start_us)
    for request in sorted(requests, key=lambda one: one.time_us):
        follow(request, objects)
    return History(start_us, end_us, tuple(objects.initial), tuple(objects.writes), tuple(objects.notes()), {})


def _events(place: str, document: Plain) -> Iterator[tuple[str, Plain]]:
    """Yield the events of a document: itself, or the items of a list."""
    for field, accepted in (("apiVersion", (API_VERSION,)), ("kind", ("Event", "EventList"))):
        if document.get(field) not in accepted:
            seen = short(document.get(field))
            raise ManifestError(f'{place}, {field}: {seen} (accepted: "{accepted[0]}", events of an audit log)')
    if document["kind"] == "Event":
        yield place, document
        return
    items = document.get("items")
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise ManifestError(f"{place}, items: {short(items)} (accepted: a list of events)")
    yield from ((f"{place}, items[{number}]", one) for number, one in enumerate(items))


def _request(event: Plain, place: str, time_us: int) -> Request | None:
    """Read an event; None if it is no write that was done, or is to a resource that is not replayed."""
    for field, accepted in (("level", LEVELS), ("stage", STAGES)):
        if event.get(field) not in accepted:
            raise ManifestError(f"{place}, {field}: {short(event.get(field))} (accepted: {', '.join(accepted)})")
    verb, target = event.get("verb"), event.get("objectRef")
    if not isinstance(verb, str) or not verb:
        raise ManifestError(f"{place}, verb: {short(verb)} (accepted: a verb of the API, like create or patch)")
    if event["stage"] != "ResponseComplete" or verb not in WRITES or not isinstance(target, dict):
        return None
    code = part(event, "responseStatus").get("code")
    if not isinstance(code, int):
        raise ManifestError(f"{place}, responseStatus.code: {short(code)} (accepted: a status of HTTP, like 201)")
    query = parse_qs(urlsplit(str(event.get("requestURI") or "")).query)
    group, resource = target.get("apiGroup") or "", target.get("resource")
    known = _KIND_OF.get(f"{resource}.{group}" if group else str(resource))
    subresource = target.get("subresource") or ""
    if not 200 <= code < 300 or "dryRun" in query or known is None or subresource not in SUBRESOURCES:
        return None
    api_version, kind = known
    sent, answered = event.get("requestObject"), event.get("responseObject")
    name = target.get("name") or part(answered or {}, "metadata").get("name") or part(sent or {}, "metadata").get("name") or ""
    return Request(
        time_us=time_us,
        place=place,
        verb=verb,
        subresource=subresource,
        level=event["level"],
        api_version=api_version,
        key=Key(kind, str(target.get("namespace") or "default") if is_namespaced(kind) else "", str(name)),
        sent=sent,
        answered=answered,
        is_selective="labelSelector" in query or "fieldSelector" in query,
    )


def follow(request: Request, objects: AuditedObjects) -> None:
    """Let a request happen to what is known of the cluster's objects."""
    match request.verb, request.subresource:
        case "create", "binding":
            node = part(request.sent or {}, "target").get("name")
            _change(request, objects, {"spec": {"nodeName": node}} if node else None)
        case "create", "eviction":
            condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
            _change(request, objects, {"status": {"conditions": [condition]}})
            objects.delete(request.key, request.time_us, request.place)
        case "create", "":
            _create(request, objects)
        case "delete", "":
            objects.delete(request.key, request.time_us, request.place)
        case "deletecollection", "":
            _delete_collection(request, objects)
        case "update" | "patch", "scale":
            replicas = next((one for one in (_replicas(request.answered), _replicas(request.sent)) if one is not None), None)
            _change(request, objects, None if replicas is None else {"spec": {"replicas": replicas}})
        case "update" | "patch", "" | "status":
            _update(request, objects)


def _create(request: Request, objects: AuditedObjects) -> None:
    body = _whole(request, request.answered) or _whole(request, request.sent)
    if body is None or not request.key.name:
        objects.leave_out(request.key.kind, _described(request), request.place)
        return
    objects.put(request.key, body, request.time_us, request.place, is_new=True)


def _update(request: Request, objects: AuditedObjects) -> None:
    body = _whole(request, request.answered)
    if body is None and request.verb == "update" and not request.subresource:
        body = _whole(request, request.sent)
    if body is not None:
        objects.put(request.key, body, request.time_us, request.place, is_new=False)
        return
    sent = request.sent
    if request.subresource:
        sent = {"status": sent["status"]} if isinstance(sent, dict) and isinstance(sent.get("status"), dict) else None
        if request.key.kind not in ("Pod", "Node"):
            return  # a controller's account of what it did
    elif isinstance(sent, dict) and _holds_list({key: one for key, one in sent.items() if key != "metadata"}):
        sent = None
    _change(request, objects, sent if isinstance(sent, dict) else None)


def _change(request: Request, objects: AuditedObjects, change: Plain | None) -> None:
    if change is None:
        objects.leave_out(request.key.kind, _described(request), request.place)
    else:
        objects.merge(request.key, change, request.time_us, request.place)


def _delete_collection(request: Request, objects: AuditedObjects) -> None:
    answered = request.answered if isinstance(request.answered, dict) else {}
    if str(answered.get("kind")).endswith("List"):
        names = [str(part(one, "metadata").get("name") or "") for one in parts(answered, "items")]
        keys = [request.key._replace(name=name) for name in names]
    elif request.is_selective:
        objects.leave_out(request.key.kind, _described(request), request.place)
        return
    else:
        keys = objects.keys_like(request.key)
    for key in keys:
        objects.delete(key, request.time_us, request.place)


def _whole(request: Request, body: Any) -> Plain | None:
    """Return a body if it is the whole object that the request is about, and not a Status or a Scale."""
    if not isinstance(body, dict) or body.get("kind", request.key.kind) != request.key.kind or not isinstance(body.get("metadata"), dict):
        return None
    meta = {"name": request.key.name, **body["metadata"]}
    if request.key.namespace:
        meta.setdefault("namespace", request.key.namespace)
    return {**body, "apiVersion": body.get("apiVersion") or request.api_version, "kind": request.key.kind, "metadata": meta}


def _replicas(body: Any) -> int | None:
    replicas = part(body, "spec").get("replicas") if isinstance(body, dict) else None
    return replicas if isinstance(replicas, int) else None


def _holds_list(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_list(one) for one in value.values())
    return isinstance(value, list)


def _described(request: Request) -> str:
    what = f"{request.verb} of {request.subresource or 'the object'}"
    return f"{what} at level {request.level}"
