"""A send to hundreds as two admins and a customer see it: dry run, approval, a card that moves, hold, recall."""

import re
from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio
from playwright.async_api import expect

from simulator.playground import ADMIN, CUSTOMER, SECOND_ADMIN
from tests.browser.card import Card
from tests.browser.chat import NARROW, Chat
from tests.browser.conftest import Stage
from tests.browser.crowd import introduce, listening_crowd
from tests.browser.running_bot import RunningBot
from tests.browser.surveys import CHECK_IN

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CROWD = 400
EVERYBODY = CROWD + 1
DEALT_WITH = re.compile(r"([\d,]+) of 401 dealt with")
LONG_MS = 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bot(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    bot = RunningBot(
        stage.bot_port,
        tmp_path_factory.mktemp("bot"),
        HEARBACK_ADMINS=f"{ADMIN.object_id},{SECOND_ADMIN.object_id}",
        HEARBACK_RATE_PER_TENANT="25",
        HEARBACK_APPROVAL_ABOVE="100",
    )
    async with listening_crowd() as address:
        await introduce(bot.database, CUSTOMER.tenant, CROWD, address)
        await bot.start()
        yield bot
        await bot.stop()
    assert bot.complaints() == []


async def test_a_run_needs_a_second_admin(admin: Chat, second: Chat, customer: Chat) -> None:
    assert customer
    await admin.say(f"survey import\n```yaml\n{CHECK_IN}```")
    await admin.card("Survey imported")
    await admin.say("dry run check-in to customers")
    await (await admin.card("Nothing sent yet")).shows(f"{EVERYBODY}")
    await admin.screenshot("60-admin-dry-run")
    await admin.say("send check-in to customers")
    await admin.card("Waiting for an approval")
    await admin.screenshot("61-admin-waits-for-approval")

    await second.say("status check-in-1")
    asked = await second.card("Waiting for another admin")
    await second.screenshot("62-second-admin-status")
    await asked.press("Approve…")
    await asked.shows("The survey goes to", "Will get it", f"{EVERYBODY}")
    await second.screenshot("63-second-admin-approves")
    await asked.press("Yes, send it")
    await asked.shows("Going out now")


async def test_the_card_moves_by_itself_until_everybody_has_been_written_to(admin: Chat, customer: Chat) -> None:
    moving = Card(admin.newest)
    await moving.shows("Going out now", "a second")  # by itself: nobody has pressed anything here
    await admin.screenshot("64-admin-progress")
    before = await _dealt_with(moving)
    await _moves_on(moving, before)
    await admin.screenshot("65-admin-progress-later")
    await moving.press("Hold")
    await moving.shows("On hold")
    held = await _dealt_with(moving)
    assert 0 < held < EVERYBODY
    await admin.screenshot("66-admin-hold")
    await moving.press("Continue")
    await moving.shows("Going out now")
    await customer.card("Sample check-in")
    await customer.screenshot("67-customer-survey")
    await expect(moving.message).to_contain_text(f"{EVERYBODY} of {EVERYBODY} dealt with (100%)", timeout=LONG_MS)
    await moving.shows("Sent, open for answers")
    await admin.screenshot("68-admin-sent")


async def test_the_people_of_a_run_are_listed_and_given_as_a_file(admin: Chat) -> None:
    moving = Card(admin.newest)
    await moving.press("People")
    await moving.shows("People: check-in-1")
    await admin.screenshot("69-admin-people")
    await moving.press(f"Received it, not answered yet ({EVERYBODY})")
    await moving.shows(f"1 to 10 of {EVERYBODY} people", "Sample Person 1")
    await admin.screenshot("70-admin-people-list")
    await moving.press("More")
    await moving.shows(f"11 to 20 of {EVERYBODY} people")
    await moving.press("Download all")
    await moving.shows("Everybody in check-in-1")
    await admin.screenshot("71-admin-link")
    await moving.press("Back")
    await moving.shows("Sent, open for answers")


async def test_a_recall_reaches_the_customers_window(admin: Chat, customer: Chat) -> None:
    moving, survey = Card(admin.newest), Card(customer.newest)
    await moving.press("Recall…")
    await moving.shows(f"{EVERYBODY} cards")
    await admin.screenshot("72-admin-recall-asks")
    await moving.press("Yes, withdraw the cards")
    await moving.shows("Withdrawn", "cards taken back")
    await survey.shows("This survey was withdrawn")
    await customer.screenshot("73-customer-withdrawn")
    await _recalled(moving)
    await admin.screenshot("74-admin-recalled")
    await admin.say("audit")
    await (await admin.card("What admins changed")).shows("recall", "Sample Admin", "approve", "Sample Second")
    await admin.screenshot("75-admin-audit")


async def test_the_card_fits_on_a_narrow_screen(admin: Chat) -> None:
    await admin.open(NARROW)
    await admin.say("status check-in-1")
    await admin.card("cards taken back")
    await admin.screenshot("76-status-narrow")
    await admin.say("status check-in-1 recalled")
    await admin.card("Taken back: check-in-1")
    await admin.screenshot("77-people-narrow")
    await admin.say("send check-in to me")
    started = Card(admin.replies.filter(has_text="check-in-2").last)  # beside the survey itself
    await started.shows("Sent, open for answers")  # by itself
    await started.press("Recall…")
    await started.shows("This cannot be undone")
    await admin.screenshot("78-recall-narrow")


async def _dealt_with(card: Card) -> int:
    found = DEALT_WITH.search(await card.message.inner_text())
    return int(cast("re.Match[str]", found)[1])


async def _moves_on(card: Card, before: int) -> None:
    """Wait until the card shows another number of people, without a press."""
    another = re.compile(rf"(?<!\d)(?!{before} )[\d,]+ of {EVERYBODY} dealt with")
    await expect(card.message).to_contain_text(another)
    assert await _dealt_with(card) > before


async def _recalled(card: Card) -> None:
    await expect(card.message).to_contain_text(f"{EVERYBODY} of {EVERYBODY} cards taken back (100%)", timeout=LONG_MS)
