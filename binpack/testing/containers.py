"""The part of the pod builder that speaks of containers: requests, limits, ports, images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from binpack.model.base import replace
from binpack.model.pod import Container, ContainerPort, Pod, ResourceRequirements
from binpack.testing.values import Amount, quantities_of


class ContainerMethods:
    """Methods that change a pod's containers. `request`, `limit`, `port` and `image` speak of the first one."""

    draft: Pod

    @abstractmethod
    def _spec(self, **changes: Any) -> Self: ...

    def request(self, amounts: Mapping[str, Amount] | None = None, **named: Amount) -> Self:
        """Add requests of the first container: `request(cpu="500m")`, `request({"example.com/gpu": 1})`."""
        resources = self.draft.spec.containers[0].resources
        return self._first(resources=replace(resources, requests=resources.requests | quantities_of(amounts, **named)))

    def limit(self, amounts: Mapping[str, Amount] | None = None, **named: Amount) -> Self:
        """Add limits of the first container."""
        resources = self.draft.spec.containers[0].resources
        return self._first(resources=replace(resources, limits=resources.limits | quantities_of(amounts, **named)))

    def image(self, name: str) -> Self:
        """Set the image of the first container."""
        return self._first(image=name)

    def port(self, container_port: int, *, host_port: int = 0, protocol: str = "TCP", host_ip: str = "") -> Self:
        """Add a port of the first container."""
        port = ContainerPort(container_port=container_port, host_port=host_port, protocol=protocol, host_ip=host_ip)
        return self._first(ports=(*self.draft.spec.containers[0].ports, port))

    def host_port(self, port: int, *, protocol: str = "TCP", host_ip: str = "") -> Self:
        """Add a port of the first container that takes the same port of the host."""
        return self.port(port, host_port=port, protocol=protocol, host_ip=host_ip)

    def host_network(self) -> Self:
        """Run in the network of the host."""
        return self._spec(host_network=True)

    def container(self, requests: Mapping[str, Amount] | None = None, *, image: str = "", **named: Amount) -> Self:
        """Add one more container."""
        containers = self.draft.spec.containers
        added = Container(name=f"main-{len(containers)}", image=image, resources=_requests(requests, named))
        return self._spec(containers=(*containers, added))

    def init(self, requests: Mapping[str, Amount] | None = None, *, image: str = "", **named: Amount) -> Self:
        """Add an init container, which runs before the others and ends."""
        return self._init(Container(image=image, resources=_requests(requests, named)))

    def sidecar(self, requests: Mapping[str, Amount] | None = None, *, image: str = "", **named: Amount) -> Self:
        """Add a restartable init container, which runs as long as the pod."""
        return self._init(Container(image=image, restart_policy="Always", resources=_requests(requests, named)))

    def without_containers(self) -> Self:
        """Drop all containers, the default one included."""
        return self._spec(containers=())

    def _init(self, container: Container) -> Self:
        others = self.draft.spec.init_containers
        return self._spec(init_containers=(*others, replace(container, name=f"init-{len(others)}")))

    def _first(self, **changes: Any) -> Self:
        first, *others = self.draft.spec.containers
        return self._spec(containers=(replace(first, **changes), *others))


def _requests(amounts: Mapping[str, Amount] | None, named: Mapping[str, Amount]) -> ResourceRequirements:
    return ResourceRequirements(requests=quantities_of(amounts, **named))
