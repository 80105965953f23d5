"""When refusals mean that the message itself is wrong, so that a run should not go on to thousands.

One person's 400 says little: their chat may be odd. A message that is too large for one is too large for all, since
everybody's is the same. Neither counts once somebody has got it.
"""

from collections.abc import Sequence

from broadcast.messenger import Rejected, TooLarge
from broadcast.sender import REASONS
from feedback.runs.deliveries import Outcome
from feedback.runs.progress import count_states
from feedback.runs.runs import DeliveryState, Run
from store.contract import Store

ENOUGH: dict[type[Rejected], int] = {TooLarge: 1, Rejected: 5}  # people of one chunk who met with it
GOT_IT = frozenset({DeliveryState.SENT, DeliveryState.ANSWERED})


async def why_hopeless(store: Store, run: Run, ended: Sequence[Outcome]) -> str:
    """Return why a run has no hope after a chunk that ended like this; an empty text where it may have."""
    reason = refusal(ended)
    if not reason or GOT_IT & (await count_states(store, run)).keys():
        return ""
    return f"Teams refused the message: {reason}"


def refusal(ended: Sequence[Outcome]) -> str:
    """Return what enough people's message was refused with; an empty text, too, where somebody of them got it."""
    if any(one.state in GOT_IT for one in ended):
        return ""
    for kind, enough in ENOUGH.items():
        words = REASONS[kind]
        found = [one.reason.removeprefix(words) for one in ended if one.reason.startswith(words)]
        if len(found) >= enough:
            return found[0]
    return ""
