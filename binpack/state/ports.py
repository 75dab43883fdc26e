"""Host ports in use, as kube-scheduler keeps them: a *set* of (ip, protocol, port) a node, without reference counts.

If two pods on a node hold the same triple (something else bound them), deleting one frees it.
Source: kube-scheduler framework/types.go HostPortInfo, pkg/scheduler/util/utils.go GetHostPorts, v1.35.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from binpack.model.pod import Pod
from binpack.model.requests import is_sidecar
from binpack.state.columns import grown

ANY_IP = "0.0.0.0"


class HostPort(NamedTuple):
    """One port on a node's address; an empty ip is read as `0.0.0.0`, an empty protocol as TCP."""

    ip: str
    protocol: str
    port: int


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """Return the host ports of a pod's containers and sidecars (not of ordinary init containers)."""
    containers = (*pod.spec.containers, *(c for c in pod.spec.init_containers if is_sidecar(c)))
    return tuple(
        HostPort(port.host_ip or ANY_IP, port.protocol or "TCP", port.host_port)
        for container in containers
        for port in container.ports
        if port.host_port > 0
    )


class UsedPorts:
    """For each (protocol, port) and ip that any pod ever held: a boolean a row."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[tuple[str, int], dict[str, NDArray[np.bool_]]] = {}

    def by_ip(self, protocol: str, port: int) -> dict[str, NDArray[np.bool_]]:
        """Return, for each ip on which it is or was used, whether each row has the port in use there."""
        return self._columns.get((protocol, port), {})

    def get(self, row: int, port: HostPort) -> bool:
        """Tell whether a row has a port in use."""
        column = self.by_ip(port.protocol, port.port).get(port.ip)
        return column is not None and bool(column[row])

    def set(self, row: int, port: HostPort, used: bool) -> None:
        """Mark a port of a row as used or free."""
        by_ip = self._columns.setdefault((port.protocol, port.port), {})
        if port.ip not in by_ip:
            by_ip[port.ip] = np.zeros(self._rows, np.bool_)
        by_ip[port.ip][row] = used

    def of(self, row: int) -> list[HostPort]:
        """Return the ports in use on a row."""
        return [
            HostPort(ip, protocol, port) for (protocol, port), by_ip in self._columns.items() for ip, column in by_ip.items() if column[row]
        ]

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self._rows = rows
        for by_ip in self._columns.values():
            for ip, column in by_ip.items():
                by_ip[ip] = grown(column, rows)
