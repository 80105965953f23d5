"""What people are told when something may not be done, is wrong or comes too late."""

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.running_bot import RunningBot
from tests.browser.surveys import BROKEN, CHECK_IN

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WHY = "What is the main reason"
SCORE = "How likely are you to recommend"


async def test_a_customer_may_not_send_a_survey(customer: Chat) -> None:
    await customer.says(
        "send pulse to everyone", "“send” is for admins. To tell us something, type feedback and your words."
    )
    await customer.screenshot("30-customer-may-not-send")


async def test_every_mistake_in_a_survey_is_listed_with_its_line(admin: Chat) -> None:
    await admin.say(f"survey import\n```\n{BROKEN}```")
    problems = await admin.card("The survey was not imported")
    await problems.shows("Line 1, id", "Line 4, questions[1].kind", "nsp", "Line 5", "requird")
    await admin.screenshot("31-admin-broken-survey")


async def test_an_exported_survey_can_be_pasted_back(admin: Chat) -> None:
    exported = await admin.say("survey export pulse json")
    text = await exported.locator("code").inner_text()
    await admin.paste(f"survey import {text.replace('Product pulse', 'Pasted pulse')}")
    await admin.card("Survey changed: Pasted pulse (sample)")


async def test_answers_stay_in_the_card_while_the_bot_is_away(admin: Chat, customer: Chat, bot: RunningBot) -> None:
    await admin.say(f"survey import\n{CHECK_IN.replace('check-in', 'away', 1)}")
    await admin.say("send away to customers")
    survey = await customer.card("Sample check-in")
    await survey.choose(SCORE, "8")
    await survey.write(WHY, "written while the bot was away")
    await bot.stop()
    async with customer.page.expect_response("**/invoke") as answer:
        await survey.press("Send my answers")
    assert not (await answer.value).ok
    await expect(survey.message.get_by_label(WHY)).to_have_value("written while the bot was away")
    await customer.screenshot("32-customer-bot-away")
    await bot.start()
    await survey.press("Send my answers")
    await survey.shows("Thank you — your answers are saved", "written while the bot was away")


async def test_the_card_of_a_closed_survey_closes_by_itself(admin: Chat, customer: Chat) -> None:
    await admin.say(f"survey import\n{CHECK_IN.replace('check-in', 'closing', 1)}")
    await admin.say("send closing to customers")
    survey = await customer.card("Sample check-in")
    await admin.says("survey close closing", "is closed")
    await survey.shows("This survey is closed", "It no longer takes answers")
    await customer.screenshot("33-customer-closed")
    await admin.say("results closing")
    results = await admin.card("Results: Sample check-in")
    await results.shows("0 of 1 people answered")
    await admin.screenshot("34-admin-closed")
