"""A survey of five pages with branches in a browser: in two windows, with restarts between, and by typing alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Route, expect

from feedback.runs.runs import deliveries
from feedback.surveys.questions import Answers
from store.opening import open_store
from tests.browser.card import Card
from tests.browser.chat import NARROW, WIDE, Chat
from tests.browser.readable import is_readable
from tests.browser.running_bot import RunningBot
from tests.browser.surveys import FIVE_PAGES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCORE = "How likely are you to recommend"
LAST: Answers = {
    "score": 4,
    "why": "A search that finds what I meant.",
    "devices": ["laptop"],
    "effort": 5,
    "rank": ["documentation", "speed", "reliability"],
    "good": {"search": "good"},
    "design": "dark",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other(customer: Chat) -> AsyncIterator[Chat]:
    """The customer on another device at the same time."""
    other = await customer.on_another_device()
    await other.open()
    yield other
    await other.page.close()


async def _with_pictures(chat: Chat, folder: Path) -> None:
    """Serve the sample's pictures, which are nowhere on the web."""

    async def give(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[-1]
        path = folder / name
        Image.new("RGB", (640, 400), (235, 240, 250) if name.startswith("light") else (40, 44, 60)).save(path)
        await route.fulfill(path=path, content_type="image/png")

    await chat.page.route("https://pictures.example/**", give)


async def _sent(admin: Chat, customer: Chat, survey_id: str) -> Card:
    await admin.say(f"survey import\n```yaml\n{FIVE_PAGES.replace('five-pages', survey_id, 1)}```")
    await admin.say(f"send {survey_id} to customers")
    return await customer.card("Five pages (sample)")


async def test_five_pages_are_answered_in_two_windows_with_restarts_between(
    admin: Chat, customer: Chat, other: Chat, bot: RunningBot, tmp_path: Path
) -> None:
    for chat in (admin, customer, other):
        await _with_pictures(chat, tmp_path)
    here = await _sent(admin, customer, "five-pages")
    there = await other.card("Five pages (sample)")
    await admin.say("survey show five-pages")
    await _begin(customer, here)
    await here.tick("Laptop")  # and does not send it yet
    await bot.kill()
    await bot.start()
    await _go_on(other, there)
    await bot.restart()
    await there.press("Next")
    await there.shows("Page 4 of 5", "What would help on the phone?")

    await here.press("Next")  # a copy of page 3 that is older: it changes what it says, and empties nothing
    await here.shows("Page 4 of 5", "What should we work on first?")
    await expect(here.message).not_to_contain_text("What would help on the phone?")
    await _finish(other, there)
    await _change(customer, here, bot)

    await there.press("Edit my answer")
    await expect(there.message.get_by_role("combobox", name=SCORE)).to_have_value("4")
    await there.choose(SCORE, "9")
    await there.press("Next")
    await there.shows("Your work")
    await other.screenshot("67-edit-page-2-wide")
    assert await _kept(bot) == [(2, LAST)]  # until the last page is sent again
    await admin.say("results five-pages")
    await (await admin.card("Results: Five pages")).shows("1 of 1 people answered")


async def _begin(customer: Chat, here: Card) -> None:
    """Answer two pages in the first window."""
    await here.shows("Page 1 of at most 5", "How likely are you to recommend it? (required)")
    await customer.screenshot("60-page-1-wide")
    await here.press("Next")
    await here.shows("please answer this question")
    await customer.screenshot("61-page-1-unanswered-wide")
    await here.choose(SCORE, "4")
    await here.press("Next")
    await here.shows("Page 2 of 5", "What went wrong")
    await customer.screenshot("62-page-2-wide")
    await here.write("What was missing", "A search that finds what I wrote.")
    await here.press("Next")
    await here.shows("Page 3 of 5", "Your work")


async def _go_on(other: Chat, there: Card) -> None:
    """Go on in the second window, whose copy of the card is still the first page: back, and to the third again."""
    await there.shows("Page 1 of at most 5")
    await there.press("Next")
    await there.shows("Page 3 of 5", "Your work")
    await there.press("Back")
    why = there.message.get_by_label("What was missing")
    await expect(why).to_have_value("A search that finds what I wrote.")
    await why.fill("A search that finds what I meant.")
    await there.press("Back")
    await expect(there.message.get_by_role("combobox", name=SCORE)).to_have_value("4")
    await there.press("Next")
    await expect(why).to_have_value("A search that finds what I meant.")
    await there.press("Next")
    await there.tick("Phone")
    await there.mark("It was easy", "Somewhat agree")
    await is_readable(there.message)
    await other.screenshot("63-page-3-wide")


async def _finish(other: Chat, there: Card) -> None:
    """Answer the last pages in the second window; the question about the phone is not asked any more."""
    for place, choice in enumerate(("Speed", "Speed", "Reliability"), 1):
        await there.choose(f"Place {place} of 3", choice)
    await there.press("Next")
    await there.shows("use each choice once")
    await expect(there.message).not_to_contain_text("What would help on the phone?")
    await is_readable(there.message)
    await other.screenshot("64-page-4-refused-wide")
    await there.choose("Place 2 of 3", "Documentation")
    await there.press("Next")
    await there.shows("Page 5 of 5", "Which design do you prefer?")
    await there.choose("Search", "Good")
    await there.mark("Your choice", "Dark")
    await is_readable(there.message)
    await other.screenshot("65-page-5-wide")
    await there.press("Send my answers")
    await there.shows("Thank you — your answers are saved", "finds what I meant.", "Laptop", "Somewhat agree")
    await there.shows("1. Speed, 2. Documentation, 3. Reliability", "Search: Good")
    await other.screenshot("66-thanks-wide")


async def _change(customer: Chat, here: Card, bot: RunningBot) -> None:
    """Send a page in the first window that is older than the answers: told so first, then taken as a change."""
    first = await _kept(bot)
    for place, choice in enumerate(("Documentation", "Speed", "Reliability"), 1):
        await here.choose(f"Place {place} of 3", choice)
    await here.press("Next")
    await here.shows("You have sent your answers already. Send this page again to change them.")
    await is_readable(here.message)
    await customer.screenshot("68-sent-in-the-other-window-wide")
    assert await _kept(bot) == first == [(1, {**LAST, "rank": ["speed", "documentation", "reliability"]})]
    await expect(here.message.get_by_role("combobox", name="Place 1 of 3")).to_have_value("Documentation")
    await here.press("Next")
    await here.shows("Page 5 of 5")
    await here.press("Save my answers")
    await here.shows("Thank you — your changes are saved", "1. Documentation, 2. Speed, 3. Reliability", "Search: Good")


async def _kept(bot: RunningBot) -> list[tuple[int, Answers]]:
    """Return what is in the store of the run: everybody's answers, each with how often they were sent."""
    store = await open_store(bot.database)
    try:
        return [(one.revision, one.answers) async for one in deliveries(store, "five-pages-1")]
    finally:
        await store.close()


async def test_later_and_not_for_me_have_a_way_back(admin: Chat, customer: Chat) -> None:
    survey = await _sent(admin, customer, "pauses")
    await survey.choose(SCORE, "8")
    await survey.press("Later")
    await survey.shows("When shall I ask you again?")
    await customer.screenshot("70-later-wide")
    await survey.mark("When shall I ask you again?", "In 3 days")
    await survey.press("Ask me then")
    await survey.shows("I will ask you again", "What you have answered so far is kept.")
    await customer.screenshot("71-snoozed-wide")
    await survey.press("Not for me")
    await survey.shows("this one is not for you")
    await customer.screenshot("72-declined-wide")
    await survey.press("Answer after all")
    await expect(survey.message.get_by_role("combobox", name=SCORE)).to_have_value("8")
    await admin.says("survey close pauses", "is closed")
    await survey.shows("This survey is closed", "the last page was not sent")
    await customer.screenshot("73-closed-half-way-wide")


async def test_the_same_survey_is_answered_by_typing_alone_in_both_windows(
    admin: Chat, customer: Chat, other: Chat, bot: RunningBot
) -> None:
    await _sent(admin, customer, "typed")
    await customer.says("answer typed", "Type a number from 0 to 10")
    await customer.says("twelve", "please choose a whole number from 0 to 10")
    await customer.says("3", "What was missing?")
    await bot.restart()
    await other.says("Search in files", "On which devices")
    await other.screenshot("74-typing-wide")
    await customer.says("2, 3", "It was easy")
    await customer.says("6", "What should we work on first?")
    await customer.says("3, 1, 2", "How good is each part today?")
    await customer.says("3, -", "Which design do you prefer?")
    await customer.screenshot("75-typing-pictures-wide")
    await customer.says("1", "Thank you — your answers are saved.")
    await customer.screenshot("76-typing-thanks-wide")


async def test_the_pages_fit_on_a_narrow_screen(admin: Chat, customer: Chat, tmp_path: Path) -> None:
    await customer.open(NARROW)
    await _with_pictures(customer, tmp_path)
    survey = await _sent(admin, customer, "narrow")
    await is_readable(survey.message)
    await customer.screenshot("80-page-1-narrow")
    await survey.choose(SCORE, "9")
    await survey.press("Next")
    await survey.shows("Your work")
    await survey.press("Next")
    await survey.shows("Place 1 of 3")
    await is_readable(survey.message)
    await customer.screenshot("81-page-3-narrow")
    await survey.press("Next")
    await survey.shows("Which design do you prefer?")
    await is_readable(survey.message)
    await customer.screenshot("82-page-4-narrow")
    await survey.press("Later")
    await survey.shows("When shall I ask you again?")
    await customer.screenshot("83-later-narrow")
    await customer.resize(WIDE)
