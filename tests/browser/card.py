"""One card in a chat: its inputs as a person finds them, by the words beside them, and its buttons."""

from pathlib import Path

from playwright.async_api import Locator, expect

_AROUND = 400  # pixels above and below a conversation


class Card:
    """The message that holds a card. It stays the same message when the card in it is replaced."""

    def __init__(self, message: Locator) -> None:
        self.message = message

    async def shows(self, *words: str) -> None:
        """Wait until the card says each of these."""
        for each in words:
            await expect(self.message).to_contain_text(each)

    async def screenshot(self, path: Path) -> None:
        """Keep a picture of the card alone, whole, however long it is."""
        page, card = self.message.page, self.message.locator(".ac-adaptiveCard")
        size, box = page.viewport_size, await card.bounding_box()
        assert size is not None
        assert box is not None
        await page.mouse.move(0, 0)
        await page.set_viewport_size({"width": size["width"], "height": int(box["height"]) + _AROUND})
        await card.screenshot(path=path, animations="disabled")
        await page.set_viewport_size(size)

    async def press(self, title: str) -> None:
        await self.message.get_by_role("button", name=title, exact=True).click()

    async def choose(self, question: str, option: str) -> None:
        """Open a drop-down and choose from it."""
        await self.message.get_by_role("combobox", name=question).click()
        await self.message.page.get_by_role("option", name=option, exact=True).click()

    async def mark(self, question: str, option: str) -> None:
        """Choose one of several round buttons."""
        await self.message.get_by_role("radiogroup", name=question).get_by_label(option, exact=True).check()

    async def tick(self, option: str) -> None:
        """Tick a box."""
        await self.message.get_by_role("checkbox", name=option).check()

    async def write(self, question: str, text: str) -> None:
        """Fill in a text, a number or a date."""
        await self.message.get_by_label(question).fill(text)
