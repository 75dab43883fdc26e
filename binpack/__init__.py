"""How good is the placement a Kubernetes scheduler makes, compared with the best placement there is?"""

from binpack.version import KUBERNETES_VERSION, __version__

__all__ = ["KUBERNETES_VERSION", "__version__"]
