"""When a channel's refusals mean that the message itself is wrong, so that a run should not go on to thousands.

One person's refusal says little: their chat may be odd. 413 is about the message alone, and everybody's is the same.
"""

from collections.abc import Sequence

from broadcast.messenger import Rejected, TooLarge
from broadcast.sender import REASONS
from feedback.deliveries import Outcome
from feedback.runs import DeliveryState, Run, count_states
from store.contract import Store

SEVERAL = 5  # people whose message was refused, before anybody has got one
GOT_IT = frozenset({DeliveryState.SENT, DeliveryState.ANSWERED, DeliveryState.UNCONFIRMED})


async def why_hopeless(store: Store, run: Run, ended: Sequence[Outcome]) -> str:
    """Return why a run has no hope after a chunk that ended like this; an empty text where it may have.

    Too large for one is too large for all. Any other refusal counts when `SEVERAL` met with it, nobody of the chunk
    and nobody of the run so far has got the message.
    """
    refused = _refused(ended, Rejected)
    if large := _refused(ended, TooLarge):
        return f"Teams refused the message: {large[0]}"
    if len(refused) < SEVERAL or any(one.state in GOT_IT for one in ended):
        return ""
    counts = await count_states(store, run)
    return "" if GOT_IT & counts.keys() else f"Teams refused the message: {refused[0]}"


def _refused(ended: Sequence[Outcome], kind: type[Rejected]) -> list[str]:
    """Return what was answered to those whose message was refused in this way."""
    words = REASONS[kind]
    return [one.reason.removeprefix(words) for one in ended if one.reason.startswith(words)]
