"""Who may answer by typing: everybody who may have the card, also before its arrival is recorded."""

import pytest

from broadcast.slices import Slice, take_hold, write_slices
from broadcast.standing import may_have_card
from feedback.runs.runs import HAVE_A_CARD, Delivery, DeliveryState
from store.contract import Patch, Store


@pytest.mark.parametrize("state", [state for state in DeliveryState if state is not DeliveryState.PLANNED])
async def test_the_state_tells(state: DeliveryState, embedded: Store) -> None:
    assert await may_have_card(embedded, Delivery("r", "t:me", state, 0)) is (state in HAVE_A_CARD)


async def test_whose_card_is_on_its_way_may_have_it_and_who_waits_has_not(embedded: Store) -> None:
    me, other = (Delivery("r", name, DeliveryState.PLANNED, 0) for name in ("t:me", "t:other"))
    assert not await may_have_card(embedded, me), "no slice says anything"
    slice_ = Slice("r", 0)
    await write_slices(embedded, [slice_])
    assert await take_hold(embedded, slice_, now=0, lease_s=10)
    assert not await may_have_card(embedded, me)
    await embedded.patch("runs", "r", Patch(slice_.id, set={"flying": [me.id]}))
    assert await may_have_card(embedded, me)
    assert not await may_have_card(embedded, other)
