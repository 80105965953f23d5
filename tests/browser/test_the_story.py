"""The main job as two people see it, each in a browser window, while the bot is stopped and started in between."""

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.picture import PICTURES
from tests.browser.running_bot import RunningBot
from tests.browser.surveys import CHECK_IN

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCORE = "How likely are you to recommend"
WHY = "What is the main reason"
SAID = "My team found it by themselves.\nNo training needed."


async def test_a_survey_goes_out_is_answered_edited_and_counted(admin: Chat, customer: Chat, bot: RunningBot) -> None:
    await admin.say("help")
    await admin.card("send <survey> to <audience>")
    await admin.screenshot("01-admin-help")
    await admin.say(f"survey import\n```yaml\n{CHECK_IN}```")
    await admin.card("Survey imported: Sample check-in")
    await admin.screenshot("02-admin-import")

    await bot.restart()
    await admin.say("survey show check-in")
    await admin.card("Preview")
    await admin.screenshot("03-admin-preview")
    await admin.say("send check-in to customers")
    await admin.card("Status: Sample check-in")
    await admin.screenshot("04-admin-sent")
    survey = await customer.card("Sample check-in")
    await customer.screenshot("05-customer-survey")

    await bot.restart()
    messages = await customer.replies.count()
    await survey.write(WHY, SAID)
    await survey.press("Send my answers")
    await survey.shows("please answer this question")
    await customer.screenshot("06-customer-required")
    await survey.choose(SCORE, "9")
    await survey.tick("Phone")
    await survey.tick("Laptop")
    await customer.screenshot("07-customer-filled-in")
    await survey.screenshot(PICTURES[0])
    await survey.press("Send my answers")
    await survey.shows("Thank you — your answers are saved", "Phone, Laptop", "No training needed.")
    await customer.screenshot("08-customer-thanks")

    await bot.restart()
    await survey.press("Edit my answer")
    await expect(survey.message.get_by_role("combobox", name=SCORE)).to_have_value("9")
    await expect(survey.message.get_by_role("checkbox", name="Laptop")).to_be_checked()
    await customer.screenshot("09-customer-edit")
    await survey.choose(SCORE, "10 – extremely likely")
    await survey.press("Save my answers")
    await survey.shows("Thank you — your changes are saved", "10 – extremely likely", "No training needed.")
    await customer.screenshot("10-customer-thanks-again")
    await survey.screenshot(PICTURES[1])
    await expect(customer.replies).to_have_count(messages)

    await admin.say("status check-in-1")
    status = await admin.card("Status: Sample check-in")
    await status.shows("1 of 1 dealt with (100%)", "Answered")
    await admin.screenshot("11-admin-status")
    await admin.say("results check-in")
    results = await admin.card("Results: Sample check-in")
    await results.shows("1 of 1 people answered", "NPS +100", "Phone", "“My team found it")
    await admin.screenshot("12-admin-results")
    await results.screenshot(PICTURES[2])
