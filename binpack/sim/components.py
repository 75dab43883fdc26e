"""What happens to the components of a control plane: they hear late, stop, and start without a memory."""

from __future__ import annotations

from collections.abc import Iterator

from binpack.control.lagging import LaggingClient, LateClient, StoppedClient
from binpack.control.node.kubelet import Kubelets
from binpack.control.plane import Client, ControlPlane
from binpack.control.runtime import ControllerRuntime
from binpack.control.scheduling import Scheduler
from binpack.control.throttling import ThrottledClient
from binpack.sim.timeline import Component, ComponentEvent, SetLatency, StartComponents, StopComponents

COMPONENTS: tuple[Component, ...] = ("kube-controller-manager", "kube-scheduler", "kubelet")


def carry_out_on_components(event: ComponentEvent, plane: ControlPlane) -> None:
    """Let one event of a timeline happen to components of a control plane now."""
    # What was written up to now has been heard of in time.
    plane.deliver()
    for name in _clients_of(event.components, plane):
        client = plane.client(name)
        match event:
            case SetLatency():
                _slow(client, event.latency_us, plane)
            case StopComponents() if not isinstance(client, StoppedClient):
                plane.put_in_place(name, StoppedClient(client))
            case StartComponents() if isinstance(client, StoppedClient):
                _start(client.client, plane)


def _clients_of(components: tuple[Component, ...], plane: ControlPlane) -> Iterator[str]:
    """Yield the names of the clients that make up components: each controller is one."""
    for client in plane.clients:
        match _innermost(client):
            case ControllerRuntime() if "kube-controller-manager" in components:
                yield client.name
            case Scheduler() if "kube-scheduler" in components:
                yield client.name
            case Kubelets() if "kubelet" in components:
                yield client.name


def _innermost(client: Client) -> Client:
    while isinstance(client, LateClient | StoppedClient | ThrottledClient):
        client = client.client
    return client


def _slow(client: Client, latency_us: int, plane: ControlPlane) -> None:
    """Let a client hear late. What stops it stands around what throttles it, and that around what makes it late."""
    holder: StoppedClient | ThrottledClient | None = None
    inner = client
    while isinstance(inner, StoppedClient | ThrottledClient):
        holder, inner = inner, inner.client
    if isinstance(inner, LateClient):
        inner.delay_us = latency_us
    elif latency_us > 0:
        late = _slowed(inner, latency_us, plane)
        if holder is None:
            client = late
        else:
            holder.client = late
        plane.put_in_place(client.name, client)


def _slowed(client: Client, latency_us: int, plane: ControlPlane) -> LateClient:
    if isinstance(client, Scheduler | ControllerRuntime):
        return LaggingClient(client, plane.store, delay_us=latency_us, knows_all=True)
    return LateClient(client, plane.store, delay_us=latency_us)


def _start(client: Client, plane: ControlPlane) -> None:
    """Let a component begin anew, and show it what is there."""
    inner = client.client if isinstance(client, ThrottledClient) else client
    if isinstance(inner, LaggingClient):
        inner.start_anew()
    elif isinstance(inner, Scheduler | ControllerRuntime):
        inner.forget()
    plane.put_in_place(client.name, client)
    if not isinstance(inner, LaggingClient):
        plane.relist(next(position for position, one in enumerate(plane.clients) if one is client))
