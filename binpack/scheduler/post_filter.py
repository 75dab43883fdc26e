"""Runs the PostFilter plugins of a failed cycle, and words the end of its FitError.

Source: framework/runtime/framework.go (RunPostFilterPlugins) and schedule_one.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass

from binpack.framework.post_filter import FailedCycle, Outcome
from binpack.framework.profile import Profile
from binpack.model.pod import Pod


@dataclass(frozen=True, slots=True)
class PostFilterOutcome:
    """What the PostFilter plugins achieved together.

    Parameters
    ----------
    nominated_node : str or None
        The node to nominate; empty: clear the nomination; None: leave it.
    victims : tuple[Pod, ...]
        Pods to delete.
    message : str
        The end of the FitError text; empty after a nomination.
    """

    nominated_node: str | None
    victims: tuple[Pod, ...]
    message: str


def run_post_filters(pod: Pod, profile: Profile, failed: FailedCycle) -> PostFilterOutcome | None:
    """Run the plugins in order until one succeeds, fails or knows that nothing helps; None if the profile has none."""
    if not profile.post_filters:
        return None
    reasons: list[str] = []
    nominated_node: str | None = None
    for plugin in profile.post_filters:
        result = plugin.post_filter(pod, failed)
        if result.nominated_node is not None:
            nominated_node = result.nominated_node
        if result.outcome is Outcome.SUCCESS:
            return PostFilterOutcome(nominated_node, result.victims, "")
        if result.outcome is Outcome.ERROR:
            # An error replaces what the plugins before it had to say.
            return PostFilterOutcome(nominated_node, (), ", ".join(result.reasons))
        reasons += result.reasons
        if result.outcome is Outcome.UNRESOLVABLE:
            break
    return PostFilterOutcome(nominated_node, (), ", ".join(reasons))
