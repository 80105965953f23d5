"""Results in a chat as they look: charts as Teams draws them, or words, segments, and waiting for more answers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from store.sqlite import open_sqlite
from tests.browser.chat import NARROW, WIDE, Chat
from tests.browser.conftest import Stage
from tests.browser.readable import is_readable
from tests.browser.running_bot import RunningBot
from tests.dashboard.house import BOSS, furnish

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WITHOUT_CHARTS = """
    if (localStorage.withoutCharts) {
        const parse = JSON.parse;
        JSON.parse = (text, reviver) => parse(String(text).replaceAll('"Chart.', '"Unknown.'), reviver);
    }
"""  # the window then gets elements that it does not know, as a client without charts does


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bot(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """The bot with a sample run of 200 people in it."""
    bot = RunningBot(stage.bot_port, tmp_path_factory.mktemp("bot"))
    store = await open_sqlite(bot.database)
    await furnish(store, 200)
    await store.delete("people", BOSS, BOSS)  # whom the window introduces
    await store.close()
    await bot.start()
    yield bot
    await bot.stop()
    assert bot.complaints() == []


async def test_charts_are_drawn_and_every_question_can_be_reached(admin: Chat) -> None:
    await admin.say("results pulse")
    card = await admin.card("Results: Sample: how is it going?")
    await expect(card.message.get_by_text("This chart cannot be displayed")).to_have_count(0)
    await expect(card.message.locator("svg").first).to_be_visible()
    await card.shows("of 176 people answered", "NPS", "95 %", "Laptop · ")
    await admin.screenshot("110-results-charts")


async def test_segments_take_the_place_of_the_card_and_lead_back(admin: Chat) -> None:
    await admin.say("results pulse")
    card = await admin.card("Results: Sample: how is it going?")
    await card.press("By segment…")
    await card.shows("What shall the answers be divided by?")
    await admin.screenshot("112-results-by-what")
    await card.press("size")
    await card.shows("By size", "large · NPS", "medium")
    await admin.screenshot("113-results-by-size")
    await card.press("Back to all answers")
    await card.shows("Results: Sample: how is it going?")


async def test_somebody_can_wait_for_more_answers(admin: Chat) -> None:
    await admin.say("results pulse")
    card = await admin.card("Results: Sample: how is it going?")
    await card.press("Tell me…")
    await card.shows("Tell me when there are more answers")
    await is_readable(card.message)
    await admin.screenshot("114-results-tell-me")
    await card.write("At how many answers?", "150")
    await card.press("Tell me then")
    await card.shows("I tell you once pulse-1 has 150 answers.")


async def test_charts_fit_on_a_narrow_screen(admin: Chat) -> None:
    await admin.open(NARROW)
    await admin.say("results pulse")
    card = await admin.card("Results: Sample: how is it going?")
    await expect(card.message.locator("svg").first).to_be_visible()
    await admin.screenshot("117-results-charts-narrow")
    await card.press("By segment…")
    await card.press("size")
    await card.shows("large · NPS")
    await admin.screenshot("118-results-by-size-narrow")


async def test_clients_without_charts_show_the_same_in_words(admin: Chat) -> None:
    await admin.page.add_init_script(WITHOUT_CHARTS)
    await admin.page.evaluate("localStorage.withoutCharts = '1'")
    for width, name in ((WIDE, "wide"), (NARROW, "narrow")):
        await admin.open(width)
        await admin.say("results pulse")
        card = await admin.card("Results: Sample: how is it going?")
        await card.shows("of 176 people answered", "Promoters", "█", "(9–10)")
        await expect(card.message.get_by_text("Laptop · ")).to_have_count(0)
        await is_readable(card.message)
        await admin.screenshot(f"115-results-words-{name}")
        await card.press("By segment…")
        await card.press("size")
        await card.shows("promoters · NPS")
        await is_readable(card.message)
        await admin.screenshot(f"116-results-by-size-words-{name}")
    await admin.page.evaluate("localStorage.removeItem('withoutCharts')")
