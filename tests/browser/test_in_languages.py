"""The survey of five pages in a browser, in Arabic, Japanese and German, as a person reads it there."""

from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from feedback.language import say, speaking
from feedback.surveys.survey_files import read_survey
from feedback.surveys.surveys import Survey
from feedback.surveys.translations import survey_in
from tests.browser.card import Card
from tests.browser.chat import Chat
from tests.browser.readable import is_readable
from tests.browser.surveys import IN_LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMES = {"ar": "العربية", "ja": "日本語", "de": "Deutsch"}


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody reads in their language: our words, and those of the survey by question."""

    language: str
    survey: Survey
    text: dict[str, str]
    choice: dict[str, dict[str, str]]

    @classmethod
    def of(cls, language: str) -> "Own":
        survey = survey_in(read_survey(IN_LANGUAGES), language)
        choice = {one.id: {each.id: each.text for each in one.choices} for one in survey.questions}
        return cls(language, survey, {one.id: one.text for one in survey.questions}, choice)

    def ours(self, sentence: str, **facts: object) -> str:
        with speaking(self.language):
            return say(sentence, **facts)


@pytest.mark.parametrize("language", ["ar", "ja", "de"])
async def test_five_pages_are_read_and_answered_in_a_language(admin: Chat, customer: Chat, language: str) -> None:
    own, name = Own.of(language), f"five-{language}"
    await customer.says(f"language {language}", NAMES[language])
    await admin.say(f"survey import\n```yaml\n{IN_LANGUAGES.replace('five-pages', name, 1)}```")
    await admin.say(f"send {name} to customers")
    survey = await customer.card(own.survey.title)
    await _begin(customer, survey, own)
    await _go_back_and_put_it_off(customer, survey, own)
    await _finish(customer, survey, own)
    await _change(survey, own)
    await admin.say(f"results {name}")
    results = await admin.card("Results: Five pages (sample)")
    await expect(results.message).to_contain_text("Phone")
    await admin.says(f"survey close {name}", "is closed")
    await survey.shows(own.ours("This survey is closed — thank you"), own.choice["rank"]["documentation"])
    await is_readable(survey.message)
    await customer.screenshot(f"99-{language}-closed-wide")
    await customer.says("help", own.ours("What you can type here"))
    await customer.screenshot(f"95-{language}-help-wide")


async def _begin(customer: Chat, survey: Card, own: Own) -> None:
    """Answer three pages, and send two of them."""
    await survey.shows(own.text["score"], own.ours("(required)"))
    await survey.press(own.ours("Next"))
    await survey.shows(own.ours("please answer this question"))
    await customer.screenshot(f"90-{own.language}-page-1-wide")
    await is_readable(survey.message)
    await survey.choose(own.text["score"], "4")
    await survey.press(own.ours("Next"))
    await survey.shows(own.survey.page_title(1))
    await survey.write(own.text["why"], "Search 2.0?")
    await survey.press(own.ours("Next"))
    await survey.tick(own.choice["devices"]["phone"])
    await survey.mark(own.text["effort"], own.ours("Somewhat agree"))
    await is_readable(survey.message)
    await customer.screenshot(f"91-{own.language}-page-3-wide")


async def _go_back_and_put_it_off(customer: Chat, survey: Card, own: Own) -> None:
    """Go a page back and return; then say “later”, and go on after all. What was entered stays."""
    phone = survey.message.get_by_role("checkbox", name=own.choice["devices"]["phone"])
    await survey.press(own.ours("Back"))
    await expect(survey.message.get_by_label(own.text["why"])).to_have_value("Search 2.0?")
    await survey.press(own.ours("Next"))
    await expect(phone).to_be_checked()
    await survey.press(own.ours("Later"))
    await survey.mark(own.ours("When shall I ask you again?"), own.ours("In 3 days"))
    await survey.press(own.ours("Ask me then"))
    await survey.shows(own.ours("I will ask you again"), own.ours("What you have answered so far is kept."))
    await is_readable(survey.message)
    await customer.screenshot(f"99-{own.language}-snoozed-wide")
    await survey.press(own.ours("Answer now"))
    await expect(phone).to_be_checked()


async def _finish(customer: Chat, survey: Card, own: Own) -> None:
    await survey.press(own.ours("Next"))
    await survey.shows(own.text["rank"])
    for place, chosen in enumerate(("speed", "reliability", "documentation"), 1):
        await survey.choose(own.ours("Place {place} of {n}", place=place, n=3), own.choice["rank"][chosen])
    await is_readable(survey.message)
    await customer.screenshot(f"92-{own.language}-page-4-wide")
    await survey.press(own.ours("Next"))
    await survey.choose(own.survey.questions[-1].rows[0].text, own.choice["good"]["good"])
    await customer.screenshot(f"93-{own.language}-page-5-wide")
    await survey.press(own.ours("Send my answers"))
    thanks = own.ours("Thank you — your answers are saved")
    await survey.shows(thanks, own.choice["devices"]["phone"], own.choice["rank"]["documentation"])
    await customer.screenshot(f"94-{own.language}-thanks-wide")
    await is_readable(survey.message)
    direction = "rtl" if own.language == "ar" else "ltr"
    body = survey.message.locator(".ac-adaptiveCard .ac-textBlock").first
    assert await body.evaluate("each => getComputedStyle(each).direction") == direction


async def _change(survey: Card, own: Own) -> None:
    """Begin to change the answers: the page of what went wrong is not asked any more."""
    await survey.press(own.ours("Edit my answer"))
    await expect(survey.message.get_by_role("combobox", name=own.text["score"])).to_have_value("4")
    await survey.choose(own.text["score"], "9")
    await survey.press(own.ours("Next"))
    await survey.shows(own.survey.page_title(2))
