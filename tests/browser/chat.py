"""One person's chat with the bot in a real browser: the Playground's page, seen as a person sees it.

Knows the Playground's markup, so that the tests need not. Waits for what appears, never for time to pass.
"""

from pathlib import Path

from playwright.async_api import Browser, FloatRect, Locator, Page, expect

from simulator.playground import ROOT, Window
from tests.browser.card import Card

SCREENS = ROOT / "build" / "screens"
WIDE, NARROW = 1200, 320  # pixels
_HEIGHTS = {WIDE: 900, NARROW: 640}
_SPARE = 24  # pixels under the newest message, so that nothing is cut
_PASTE = """(box, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
_NARROW = """
    * { min-width: 0 !important; }
    div:has(> .ac-preview-panel) { width: calc(100vw - 96px) !important; }
"""  # of itself the Playground's chat is never narrower than 600 pixels, and is cut; a phone's Teams has what is left
_PANE = """() => {
    let pane = document.querySelector("[aria-label='Message header']");
    while (pane && getComputedStyle(pane).overflowY !== "auto") pane = pane.parentElement;
    return [Math.round(pane.getBoundingClientRect().top), pane.scrollHeight - pane.clientHeight];
}"""  # where the conversation begins, and how much of it is out of sight


class Chat:
    """The chat in one browser tab."""

    def __init__(self, page: Page, window: Window) -> None:
        self.page = page
        self.window = window
        self._box = page.locator("[data-lexical-editor]")

    @classmethod
    async def in_new_tab(cls, browser: Browser, window: Window) -> "Chat":
        """Return the chat in a tab of its own, still blank. The browser closes it."""
        return cls(await browser.new_page(), window)

    async def on_another_device(self) -> "Chat":
        """Return another window of the same person, still blank, that shares nothing with this one. Close its page.

        The Playground shows what the bot says in every window that is open then, and nothing of before; what takes a
        card's place after a press is shown only where it was pressed. In all that it is as Teams is on two devices, but
        for the past.
        """
        browser = self.page.context.browser
        assert browser is not None
        return await Chat.in_new_tab(browser, self.window)

    async def open(self, width: int = WIDE) -> None:
        """Open the window with an empty conversation; that installs the app for its person."""
        await self.resize(width)
        async with self.page.expect_response("**/installation"):
            await self.page.goto(self.window.url)
        await expect(self._box).to_be_visible()
        await self.page.get_by_title("Hide log panel").click()
        if width < WIDE:
            await self.page.add_style_tag(content=_NARROW)

    async def resize(self, width: int) -> None:
        """Make the window as wide as one of the screens, and as high."""
        await self.page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})

    @property
    def replies(self) -> Locator:
        """Everything the bot has written, oldest first."""
        return self.page.locator(".fai-OutputCard")

    @property
    def newest(self) -> Locator:
        """What the bot wrote last."""
        return self.replies.last

    async def card(self, words: str) -> Card:
        """Return the newest message once it is a card with these words."""
        await expect(self.newest.locator(".ac-adaptiveCard")).to_contain_text(words)
        return Card(self.newest)

    async def say(self, text: str) -> Locator:
        """Type a message, send it and return the reply. Line breaks arrive as they do from Teams."""
        await self._box.click()
        await self.page.keyboard.insert_text(text)
        return await self._send()

    async def says(self, text: str, reply: str) -> None:
        """Say something and wait for a reply with these words."""
        await expect(await self.say(text)).to_contain_text(reply)

    async def paste(self, text: str) -> Locator:
        """Paste a message from the clipboard, send it and return the reply. The Playground drops its line breaks."""
        await self._box.click()
        await self._box.evaluate(_PASTE, text)
        return await self._send()

    async def screenshot(self, name: str) -> Path:
        """Keep a picture of the whole conversation as build/screens/<name>.png."""
        path = SCREENS / f"{name}.png"
        size = self.page.viewport_size
        assert size is not None
        await self.page.mouse.move(0, 0)
        top, hidden = await self.page.evaluate(_PANE)
        width, height = size["width"], size["height"] + hidden + _SPARE
        await self.page.set_viewport_size({"width": width, "height": height})
        chat: FloatRect = {"x": 0, "y": top, "width": width, "height": height - top}
        await self.page.screenshot(path=path, clip=chat, animations="disabled")
        await self.page.set_viewport_size(size)
        return path

    async def _send(self) -> Locator:
        before = await self.replies.count()
        async with self.page.expect_response("**/messages"):
            await self._box.press("Enter")
        reply = self.replies.nth(before)
        await expect(reply).to_be_visible()
        return reply
