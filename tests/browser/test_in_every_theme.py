"""Every card of a customer as Microsoft's renderer draws it: light and dark, 320 and 1200 pixels wide, in four scripts.

The local Teams has no dark theme and no screen as narrow as a small phone's. Pictures are in build/screens/themes/.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from cards.elements import Card
from feedback.language import is_right_to_left, speaking
from tests.browser.card_page import broken_laws, draw, keep_picture, open_card_page, words_of
from tests.browser.chat import SCREENS
from tests.browser.chromium import launched
from tests.browser.customer_cards import EVERY_KIND, customer_cards
from tests.browser.teams_theme import LIGHT, THEMES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW, WIDE = 320, 1200
FOLDER = SCREENS / "themes"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page() -> AsyncIterator[Page]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        page = await browser.new_page()
        await open_card_page(page)
        yield page
        await browser.close()


@pytest.mark.parametrize("language", ["en", "de", "ar", "ja"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("theme", THEMES)
async def test_every_card_of_a_customer_can_be_read(page: Page, theme: str, width: int, language: str) -> None:
    with speaking(language):
        direction = "rtl" if is_right_to_left() else "ltr"
    said = await draw(page, customer_cards(language), THEMES[theme], width, direction)
    await keep_picture(page, FOLDER / f"{language}-{width}-{theme}.png")
    assert said == []
    assert await broken_laws(page) == []


FAULTY: dict[str, tuple[dict[str, object], str]] = {
    "sticks out": (
        {
            "type": "ColumnSet",
            "columns": [{"type": "Column", "width": "400px", "items": [{"type": "TextBlock", "text": "A"}]}],
        },
        "sticks out",
    ),
    "of one tone": ({"type": "TextBlock", "text": "Pale", "color": "warning"}, "is hard to read"),
    "cut off": ({"type": "TextBlock", "text": "A long sentence on a line of its own " * 4, "wrap": False}, "cut off"),
    "to the left": ({"type": "TextBlock", "text": "שלום"}, "does not read rtl"),
    "no room": (
        {
            "type": "Input.ChoiceSet",
            "id": "q_1",
            "value": "1",
            "choices": [{"title": "A choice that is too long for a list on a phone", "value": "1"}],
        },
        "has no room",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
async def test_what_cannot_be_read_is_found_out(page: Page, fault: str) -> None:
    element, blamed = FAULTY[fault]
    card: Card = {"type": "AdaptiveCard", "version": "1.5", "body": [element]}
    direction = "rtl" if "rtl" in blamed else "ltr"
    assert await draw(page, {fault: card}, LIGHT, NARROW, direction) == []
    found = await broken_laws(page)
    assert [one for one in found if blamed in one]


async def test_what_the_renderer_does_not_know_is_found_out(page: Page) -> None:
    card: Card = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "Input.Stars", "id": "q_1"}]}
    assert "Input.Stars" in str(await draw(page, {"strange": card}, LIGHT, NARROW, "ltr"))


async def test_every_question_is_drawn_stars_as_a_list_where_there_are_none(page: Page) -> None:
    await draw(page, customer_cards("en"), LIGHT, NARROW, "ltr")
    words = await words_of(page, "every-kind")
    assert [one.text for one in EVERY_KIND.questions if one.text not in words] == []
    assert "1 star\n" in words
