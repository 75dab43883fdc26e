"""Hypothesis, which the strategies, the state machine and the checks need; or one line that says which extra has it."""

from __future__ import annotations

from binpack.errors import MissingExtraError

try:
    import hypothesis
    from hypothesis import stateful, strategies
except ImportError as error:
    raise MissingExtraError(
        f'binpack.testing\'s strategies need Hypothesis, which is not installed: {error} (accepted: pip install "kube-binpack[testing]")'
    ) from error

__all__ = ["hypothesis", "stateful", "strategies"]
