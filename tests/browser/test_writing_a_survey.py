"""A first-time author writes, previews, tests and sends a survey of three questions by dialog alone, in a browser."""

import pytest
from playwright.async_api import expect

from tests.browser.card import Card
from tests.browser.chat import NARROW, WIDE, Chat
from tests.browser.readable import is_readable
from tests.browser.running_bot import RunningBot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RECOMMEND = "How likely are you to recommend our search?"
LEADING = "Don't you agree that it is easy and fast?"
WISH = "What should it find that it does not?"
CHOOSE = "A question to change, move or delete"


async def _answer(card: Card, question: str, words: str) -> None:
    await card.write(question, words)
    await card.press("Next")


async def _looks_right(admin: Chat, card: Card, name: str, *words: str) -> None:
    """Wait until the card says each of these, see that it can be read, and keep a picture."""
    await card.shows(*words)
    await is_readable(card.message)
    await admin.screenshot(name)


async def test_three_questions_are_written_previewed_tested_and_sent(
    admin: Chat, customer: Chat, bot: RunningBot
) -> None:
    await _first_question(admin)
    await bot.restart()
    card = await _the_others(admin)
    await bot.kill()
    await bot.start()
    await _tested(admin, card)
    await _sent(admin, card)
    survey = await customer.card("How search works (sample)")
    await survey.shows(RECOMMEND, WISH, "In mail")
    await is_readable(survey.message)
    await customer.screenshot("103-customer")


async def _first_question(admin: Chat) -> None:
    await admin.say("survey new")
    card = await admin.card("A new survey")
    await _looks_right(admin, card, "90-title")
    await card.press("Next")
    await card.shows("Please give it a title.")
    await _answer(card, "What shall it be called?", "How search works (sample)")
    await _answer(card, "What shall people read first?", "Three questions, half a minute.")
    await _looks_right(admin, card, "91-kind", "Question 1", "How shall people answer?")
    await card.press("Next")
    await card.shows("Please choose what people shall answer with.")
    await card.mark("How shall people answer?", "1. How likely to recommend, 0 to 10 (NPS)")
    await card.press("Next")
    await _answer(card, "What do you ask?", RECOMMEND)
    await _looks_right(admin, card, "92-first-question", "Question 1 is in", "Preview", RECOMMEND)


async def _the_others(admin: Chat) -> Card:
    """Write two more, by typing and by buttons, change one of them, and return the card with all three."""
    older = Card(admin.replies.nth(await admin.replies.count() - 1))
    await admin.says("add choices", "What do you ask?")
    await older.press("Save")
    await older.shows("That card was older than your survey, so nothing was changed.")
    await admin.says("Where do you search?", "Which choices?")
    card = await admin.card("Which choices?")
    await _answer(card, "Which choices?", "In a chat\nin a chat")
    await card.shows("“in a chat” is there twice")
    await admin.screenshot("93-choices-refused")
    await _answer(card, "Which choices?", "In a chat\nIn files\nIn mail")
    await card.shows("Question 2 is in")
    await card.press("Add a question")
    await card.mark("How shall people answer?", "11. A text in their own words")
    await card.press("Next")
    await _answer(card, "What do you ask?", LEADING)
    await _looks_right(admin, card, "94-advice", "Question 3 is in", "Leading", "2 pieces of advice")
    await card.choose(CHOOSE, f"3. {LEADING}")
    await card.press("Change a question")
    await _looks_right(admin, card, "95-one-question", "Question 3 of 3", "What shall be changed?")
    await card.choose("What shall be changed?", "The question's words")
    await card.press("Change it")
    await expect(card.message.get_by_label("What do you ask?")).to_have_value(LEADING)
    await _answer(card, "What do you ask?", WISH)
    await card.press("Back to the survey")
    await admin.says("required 1", "Question 1 needs an answer now.")
    await admin.says("move 3 to 2", "It is question 2 now.")
    await admin.screenshot("96-all-three")
    return await admin.card("It is question 2 now.")


async def _tested(admin: Chat, card: Card) -> None:
    await card.press("Test on myself")
    await card.shows("Test — nothing that you answer here is kept")
    await card.press("Send my answers")
    await card.shows("please answer this question")
    await card.choose(RECOMMEND, "9")
    await card.tick("In files")
    await admin.screenshot("97-test")
    await card.press("Send my answers")
    await _looks_right(admin, card, "98-tested", "these answers would be kept", "In files")
    await card.press("Back to the survey")


async def _sent(admin: Chat, card: Card) -> None:
    await card.press("Save")
    await card.write("Under which name?", "how-search-works")
    await admin.screenshot("99-name")
    await card.press("Next")
    await _looks_right(admin, card, "100-saved", "Saved: How search works (sample)", "version 1")
    await card.write("To whom shall it go?", "customers")
    await card.press("Whom would it reach?")
    await card.shows("Nothing sent yet", "Will get it")
    await admin.screenshot("101-whom")
    await card.press("Send it now")
    await card.shows("Status: How search works (sample)")
    await admin.screenshot("102-sent")


async def test_every_step_fits_on_a_narrow_screen_and_in_high_contrast(admin: Chat) -> None:
    await admin.open(NARROW)
    await admin.say("survey new from onboarding")
    card = await admin.card("Your survey: Your first two weeks")
    await _looks_right(admin, card, "104-template-narrow")
    await card.press("See the next page")
    await _looks_right(admin, card, "105-page-narrow", "page 2 of 3", "What was in the way")
    await card.choose(CHOOSE, "3. What was in your way?")
    await card.press("Change a question")
    await _looks_right(admin, card, "106-question-narrow", "only if 1 at most 4 or 2 is I have not used it")
    await card.choose("What shall be changed?", "Ask it only of some people")
    await card.press("Change it")
    await _looks_right(admin, card, "107-condition-narrow", "When is it asked?", "Now: only if 1 at most 4")
    await _answer(card, "When is it asked?", "1 at most 3")
    await card.shows("Question 3 has a condition now.")
    await admin.says("choices 3", "Which choices?")
    card = await admin.card("Which choices?")
    await _looks_right(admin, card, "108-choices-narrow")
    await card.press("Back")
    await admin.page.emulate_media(color_scheme="dark", forced_colors="active")
    await _looks_right(admin, card, "109-question-dark")
    await card.press("Back to the survey")
    await card.shows("Preview")
    await admin.screenshot("110-survey-dark")
    await admin.page.emulate_media(color_scheme="null", forced_colors="null")
    await admin.says("cancel", "The survey that you are writing is kept")
    await admin.says("survey new", "Your survey: Your first two weeks")
    await admin.says("throw away", "Throw away “Your first two weeks”?")
    await admin.screenshot("111-throw-away-narrow")
    await admin.says("yes", "This survey was thrown away.")
    await admin.page.set_viewport_size({"width": WIDE, "height": 900})
