"""The survey of five pages on a phone and by typing, in Arabic, Japanese and German."""

import pytest
from playwright.async_api import expect

from feedback.language import LANGUAGES, say, speaking
from feedback.surveys.survey_files import read_survey
from feedback.surveys.translations import survey_in
from tests.browser.chat import Chat
from tests.browser.readable import is_readable
from tests.browser.surveys import IN_LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OWN_FOUR = {"ar": "٤", "ja": "\uff14", "de": "4"}  # a digit as it may be typed there


def ours(sentence: str, language: str) -> str:
    with speaking(language):
        return say(sentence)


@pytest.mark.parametrize("language", ["ar", "ja", "de"])
async def test_the_pages_fit_on_a_phone_and_are_answered_by_typing(admin: Chat, phone: Chat, language: str) -> None:
    own = survey_in(read_survey(IN_LANGUAGES), language)
    await phone.says(f"language {language}", LANGUAGES[language])
    name = f"five-{language}"
    await admin.say(f"survey import\n```yaml\n{IN_LANGUAGES.replace('five-pages', name, 1)}```")
    await admin.say(f"send five-{language} to customers")
    survey = await phone.card(own.title)
    await survey.choose(own.questions[0].text, "9")
    await survey.press(ours("Next", language))
    await survey.shows(own.page_title(2))
    await is_readable(survey.message)
    await phone.screenshot(f"96-{language}-page-3-narrow")
    await survey.press(ours("Next", language))
    await survey.shows(own.page_title(3))
    await is_readable(survey.message)
    await phone.screenshot(f"97-{language}-page-4-narrow")
    score, why, devices, effort, rank, good = [one.text for one in own.questions]
    await phone.says(f"answer five-{language}", rank)
    for before in (effort, devices, score):
        await phone.says("back", before)
    await phone.says(OWN_FOUR[language], why)
    await phone.says("Search 2.0?", devices)
    await phone.says("1, 3", effort)
    await phone.says("6", rank)
    await phone.screenshot(f"98-{language}-typing-narrow")
    await phone.says("1, 1, 2", own.questions[4].choices[2].text)  # asked once more
    await phone.says("3, 1, 2", good)
    thanks = await phone.say("3 -")
    await expect(thanks).to_contain_text(ours("Thank you — your answers are saved.", language))
    for said in (own.questions[2].choices[2].text, own.questions[4].choices[1].text, "Search 2.0?"):
        await expect(thanks).to_contain_text(said)
    await phone.screenshot(f"98-{language}-typed-narrow")
