"""A survey of five pages with branches in a browser: wide and narrow windows, restarts, and by typing alone."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Route, expect

from tests.browser.card import Card
from tests.browser.chat import NARROW, WIDE, Chat
from tests.browser.readable import is_readable
from tests.browser.running_bot import RunningBot
from tests.browser.surveys import FIVE_PAGES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCORE = "How likely are you to recommend"


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


async def test_five_pages_are_answered_on_wide_and_narrow_screens_with_restarts(
    admin: Chat, customer: Chat, bot: RunningBot, tmp_path: Path
) -> None:
    for chat in (admin, customer):
        await _with_pictures(chat, tmp_path)
    survey = await _sent(admin, customer, "five-pages")
    await admin.say("survey show five-pages")
    await survey.shows("Page 1 of at most 5", "How likely are you to recommend it? (required)")
    await customer.screenshot("60-page-1-wide")
    await survey.press("Next")
    await survey.shows("please answer this question")
    await customer.screenshot("61-page-1-unanswered-wide")
    await survey.choose(SCORE, "4")
    await survey.press("Next")
    await survey.shows("Page 2 of 5", "What went wrong")
    await customer.screenshot("62-page-2-wide")
    await bot.restart()
    await survey.write("What was missing", "A search that finds what I wrote.")
    await survey.press("Back")
    await survey.shows("Page 1 of")
    await survey.press("Next")
    await expect(survey.message.get_by_label("What was missing")).to_have_value("A search that finds what I wrote.")
    await survey.press("Next")
    await survey.tick("Phone")
    await survey.mark("It was easy", "Somewhat agree")
    await is_readable(survey.message)
    await customer.screenshot("63-page-3-wide")
    await bot.kill()
    await bot.start()
    await survey.press("Next")
    await survey.shows("What would help on the phone?")
    for place, choice in enumerate(("Speed", "Speed", "Reliability"), 1):
        await survey.choose(f"Place {place} of 3", choice)
    await survey.press("Next")
    await survey.shows("use each choice once")
    await is_readable(survey.message)
    await customer.screenshot("64-page-4-refused-wide")
    await survey.choose("Place 2 of 3", "Documentation")
    await survey.press("Next")
    await survey.shows("Page 5 of 5", "Which design do you prefer?")
    await survey.choose("Search", "Good")
    await survey.mark("Your choice", "Dark")
    await is_readable(survey.message)
    await customer.screenshot("65-page-5-wide")
    await survey.press("Send my answers")
    await survey.shows(
        "Thank you — your answers are saved", "1. Speed, 2. Documentation, 3. Reliability", "Search: Good"
    )
    await customer.screenshot("66-thanks-wide")
    await survey.press("Edit my answer")
    await survey.choose(SCORE, "9")
    await survey.press("Next")
    await survey.shows("Your work")
    await customer.screenshot("67-edit-page-2-wide")


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


async def test_the_same_survey_is_answered_by_typing_alone(admin: Chat, customer: Chat, bot: RunningBot) -> None:
    await _sent(admin, customer, "typed")
    await customer.says("answer typed", "Type a number from 0 to 10")
    await customer.says("twelve", "please choose a whole number from 0 to 10")
    await customer.says("3", "What was missing?")
    await bot.restart()
    await customer.says("Search in files", "On which devices")
    await customer.screenshot("74-typing-wide")
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
    await customer.page.set_viewport_size({"width": WIDE, "height": 900})
