"""Every kind of question on a wide and on a narrow screen: readable, labelled, and nothing cut off."""

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.readable import is_readable
from tests.browser.surveys import EVERY_KIND

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_every_kind_of_question_is_asked_and_answered(admin: Chat, phone: Chat) -> None:
    await admin.say(f"survey import\n{EVERY_KIND}")
    await admin.say("survey show every-kind")
    preview = await admin.card("Preview")
    await is_readable(preview.message)
    await admin.screenshot("40-every-kind-wide")
    await admin.say("send every-kind to customers")
    survey = await phone.card("Every kind of question (sample)")
    await is_readable(survey.message)
    await phone.screenshot("41-every-kind-narrow")

    await survey.press("Send my answers")
    await expect(survey.message.get_by_text("please answer this question")).to_have_count(3)
    await phone.screenshot("42-every-kind-required-narrow")
    await survey.choose("How likely", "7")
    await survey.mark("How many stars", "4 stars")
    await survey.mark("How satisfied", "Satisfied")
    await survey.mark("How often", "Every week")
    await survey.choose("In which region", "Europe")
    await survey.tick("Tablet")
    await survey.mark("Did you get done", "No")
    await survey.write("How many people", "12")
    await survey.write("Since when", "2024-02-29")
    await survey.write("What would you change", "A" * 60 + " must not *widen* the card.")
    await phone.screenshot("43-every-kind-filled-in-narrow")
    await survey.press("Send my answers")
    await survey.shows(
        "Thank you",
        "4 stars",
        "Satisfied",
        "Every week",
        "Europe",
        "Tablet",
        "No",
        "12",
        "29 February 2024",
        "must not *widen*",
    )
    await is_readable(survey.message)
    await phone.screenshot("44-every-kind-thanks-narrow")

    await admin.say("results every-kind")
    results = await admin.card("Results: Every kind of question")
    await is_readable(results.message)
    await admin.screenshot("45-every-kind-results-wide")


async def test_help_fits_on_a_narrow_screen(phone: Chat) -> None:
    await phone.say("help")
    shown = await phone.card("What you can type here")
    await is_readable(shown.message)
    await phone.screenshot("46-help-narrow")
