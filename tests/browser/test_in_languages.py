"""The survey of five pages in a browser, in Arabic, Japanese and German, as a person reads it there."""

import pytest
from playwright.async_api import expect

from feedback.language import say, speaking
from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import Survey
from feedback.surveys.translations import survey_in
from tests.browser.chat import Chat
from tests.browser.readable import is_readable
from tests.browser.surveys import IN_LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMES = {"ar": "العربية", "ja": "日本語", "de": "Deutsch"}


def in_words(sentence: str, language: str, **facts: object) -> str:
    with speaking(language):
        return say(sentence, **facts)


@pytest.mark.parametrize("language", ["ar", "ja", "de"])
async def test_five_pages_are_read_and_answered_in_a_language(admin: Chat, customer: Chat, language: str) -> None:
    def ours(sentence: str) -> str:
        return in_words(sentence, language)

    own: Survey = survey_in(read_survey(IN_LANGUAGES), language)
    text = {one.id: one.text for one in own.questions}
    choice = {one.id: {each.id: each.text for each in one.choices} for one in own.questions}
    name = f"five-{language}"
    await customer.says(f"language {language}", NAMES[language])
    await admin.say(f"survey import\n```yaml\n{IN_LANGUAGES.replace('five-pages', name, 1)}```")
    await admin.say(f"send {name} to customers")
    survey = await customer.card(own.title)
    await survey.shows(text["score"], ours("(required)"))
    await survey.press(ours("Next"))
    await survey.shows(ours("please answer this question"))
    await customer.screenshot(f"90-{language}-page-1-wide")
    await is_readable(survey.message)
    await survey.choose(text["score"], "4")
    await survey.press(ours("Next"))
    await survey.shows(own.page_title(1))
    await survey.write(text["why"], "Search 2.0?")
    await survey.press(ours("Next"))
    await survey.tick(choice["devices"]["phone"])
    await survey.mark(text["effort"], ours("Somewhat agree"))
    await is_readable(survey.message)
    await customer.screenshot(f"91-{language}-page-3-wide")
    await survey.press(ours("Next"))
    await survey.shows(text["rank"])
    for place, chosen in enumerate(("speed", "reliability", "documentation"), 1):
        await survey.choose(in_words("Place {place} of {n}", language, place=place, n=3), choice["rank"][chosen])
    await is_readable(survey.message)
    await customer.screenshot(f"92-{language}-page-4-wide")
    await survey.press(ours("Next"))
    await survey.choose(own.questions[-1].rows[0].text, choice["good"]["good"])
    await customer.screenshot(f"93-{language}-page-5-wide")
    await survey.press(ours("Send my answers"))
    await survey.shows(
        ours("Thank you — your answers are saved"), choice["devices"]["phone"], choice["rank"]["documentation"]
    )
    await customer.screenshot(f"94-{language}-thanks-wide")
    await is_readable(survey.message)
    direction = "rtl" if language == "ar" else "ltr"
    body = survey.message.locator(".ac-adaptiveCard .ac-textBlock").first
    assert await body.evaluate("each => getComputedStyle(each).direction") == direction
    await admin.say(f"results {name}")
    results = await admin.card("Results: Five pages (sample)")
    await expect(results.message).to_contain_text("Phone")
    await customer.says("help", ours("What you can type here"))
    await customer.screenshot(f"95-{language}-help-wide")
