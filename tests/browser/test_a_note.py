"""An engineer keeps notes: in one line, and step by step while the bot is killed in the middle."""

import pytest

from tests.browser.chat import Chat
from tests.browser.running_bot import RunningBot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_note_in_one_line_is_confirmed_with_its_marks(admin: Chat) -> None:
    await admin.say('note @Contoso asked about "Sample Rooms" #audio it drops')
    note = await admin.card("Note kept")
    await note.shows('“@Contoso asked about "Sample Rooms" #audio it drops”', "Contoso", "Sample Rooms", "audio")
    await admin.screenshot("20-note-in-one-line")


async def test_a_note_step_by_step_survives_the_death_of_the_bot(admin: Chat, bot: RunningBot) -> None:
    await admin.says("note", "Which company")
    await admin.says("@Fabrikam", "About which product?")
    await bot.kill()
    await bot.start()
    await admin.says("Sample Desk", "What was said?")
    await admin.say("#audio cuts out as soon as a second person joins")
    note = await admin.card("Note kept")
    await note.shows("cuts out as soon as", "Fabrikam", "Sample Desk", "audio")
    await admin.screenshot("21-note-step-by-step")

    await admin.say("notes audio")
    found = await admin.card("with “audio”")
    await found.shows("cuts out as soon as", "Company: Fabrikam; Product: Sample Desk; Tags: audio")
    await admin.screenshot("22-notes-found")


async def test_a_note_begun_by_mistake_is_cancelled_and_not_kept(admin: Chat) -> None:
    await admin.says("note", "Which company")
    await admin.says("Northwind", "About which product?")
    await admin.says("cancel", "Cancelled. Nothing was kept.")
    await admin.say("notes Northwind")
    await admin.card("There are no notes with “Northwind” yet.")
    await admin.screenshot("23-note-cancelled")
