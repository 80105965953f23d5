"""The survey of five pages on a phone and by typing, in Arabic, Japanese and German."""

import pytest

from feedback.language import LANGUAGES, say, speaking
from feedback.surveys.survey_files import read_survey
from feedback.surveys.translations import survey_in
from tests.browser.chat import Chat
from tests.browser.readable import is_readable
from tests.browser.surveys import IN_LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


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
    await phone.says(f"answer five-{language}", own.questions[4].text)
    await phone.says("skip", own.questions[5].text)
    await phone.screenshot(f"98-{language}-typing-narrow")
    await phone.say("cancel")
