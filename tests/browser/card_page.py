"""A page with cards on it, drawn by Microsoft's own renderer (npm `adaptivecards`), and the laws that a picture keeps.

Each card stands in a frame as wide as a screen. The renderer reads cards as version 1.5, the highest that Teams
promises for bots: what it does not know there, it says. What it is told to draw is what a person would get.
"""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, Route

from cards.elements import Card
from simulator.playground import ROOT
from tests.browser.teams_theme import Theme

_RENDERER = ROOT / "node_modules" / "adaptivecards" / "dist" / "adaptivecards.min.js"
_MARKDOWN = ROOT / "node_modules" / "markdown-it" / "dist" / "browser" / "markdown-it.umd.min.js"
KNOWN = (
    'Unknown element type "Input.Rating". Fallback will be used if present.'  # Teams knows it, the renderer does not
)
_DRAW = """([cards, config, width, style, direction]) => {
    const said = [], markdown = window.markdownit(), main = document.querySelector("main");
    document.querySelector("style.theme").textContent = style;
    document.body.dataset.direction = direction;
    main.replaceChildren();
    AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
        result.outputHtml = markdown.render(text);
        result.didProcess = true;
    };
    for (const [name, json] of Object.entries(cards)) {
        const card = new AdaptiveCards.AdaptiveCard();
        card.hostConfig = new AdaptiveCards.HostConfig(config);
        const reading = new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5);
        card.parse(json, reading);
        for (let at = 0; at < reading.eventCount; at++) said.push(`${name}: ${reading.getEventAt(at).message}`);
        const frame = document.createElement("section"), edge = document.createElement("article");
        frame.dataset.name = name;
        frame.style.width = `${width}px`;
        frame.append(Object.assign(document.createElement("h6"), {textContent: name}), edge);
        main.append(frame);
        edge.append(card.render());
    }
    return said;
}"""
_BROKEN = r"""() => {
    const broken = [];
    const rgba = color => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
    const over = ([r, g, b, a], under) => [r, g, b].map((one, at) => one * a + under[at] * (1 - a));
    const light = color => { const [r, g, b] = color.map(one => one / 255)
        .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = each => { if (!each) return [255, 255, 255];
        const own = rgba(getComputedStyle(each).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, behind(each.parentElement)); };
    const contrast = (color, each) => { const back = behind(each);
        const [one, other] = [light(over(rgba(color), back)), light(back)];
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05); };
    const writes = each => [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const brush = document.createElement("canvas").getContext("2d");
    for (const frame of document.querySelectorAll("section")) {
        const edge = frame.querySelector("article").getBoundingClientRect();
        const blame = (law, each, more = "") => broken.push(
            `${frame.dataset.name}: ${law} ${more} “${(each.value || each.textContent).trim().slice(0, 50)}”`);
        for (const each of frame.querySelectorAll("article *")) {
            const box = each.getBoundingClientRect(), style = getComputedStyle(each);
            if (!box.width || style.visibility === "hidden") continue;
            if (box.right > edge.right + 0.5 || box.left < edge.left - 0.5) blame("sticks out of the card", each);
            const [isCut, isLow] = [style.overflowX !== "visible", style.overflowY !== "visible"];
            if (isCut && each.scrollWidth > each.clientWidth + 1) blame("is cut off at the side", each);
            if (isLow && each.tagName !== "TEXTAREA" && each.scrollHeight > each.clientHeight + 1)
                blame("is cut off below", each);
            if (each.tagName === "SELECT") {
                brush.font = style.font;
                const words = each.selectedOptions[0]?.textContent || "";
                if (brush.measureText(words).width > each.clientWidth - 36) blame("has no room for", each, words);
            }
            if (writes(each) || each.matches("input:not([type=radio], [type=checkbox]), textarea, select")) {
                const found = contrast(style.color, each);
                if (found < 4.5) blame("is hard to read", each, `${found.toFixed(2)}:1`);
            }
        }
        const wanted = frame.ownerDocument.body.dataset.direction;
        for (const each of frame.querySelectorAll(".ac-textBlock, .ac-richTextBlock, .ac-container, .ac-input-label"))
            if (getComputedStyle(each).direction !== wanted) blame(`does not read ${wanted}`, each);
    }
    return broken;
}"""


async def open_card_page(page: Page) -> None:
    """Make a page ready to draw cards on."""
    await _serve_pictures(page)
    await page.set_content('<style class="theme"></style><main></main>')
    for script in (_MARKDOWN, _RENDERER):
        await page.add_script_tag(path=script)


async def draw(page: Page, cards: Mapping[str, Card], theme: Theme, width: int, direction: str) -> list[str]:
    """Draw cards in frames of a width, in place of those before.

    Return what the renderer does not know or cannot read of them, but for `KNOWN`.
    """
    await page.set_viewport_size({"width": max(2 * width, 1400), "height": 900})
    plain = json.loads(json.dumps(cards))
    said: list[str] = await page.evaluate(_DRAW, [plain, theme.host_config(), width, theme.style_sheet(), direction])
    await page.evaluate("() => Promise.all([...document.images].map(one => one.decode()))")
    return [one for one in said if not one.endswith(KNOWN)]


async def words_of(page: Page, name: str) -> str:
    """Return what can be read on a card."""
    return await page.locator(f"section[data-name='{name}'] article").inner_text()


async def broken_laws(page: Page) -> list[str]:
    """Return what cannot be read: cut off, out of its card, of too little contrast (below 4.5:1), or misdirected."""
    found: list[str] = await page.evaluate(_BROKEN)
    return found


async def _serve_pictures(page: Page) -> None:
    """Serve the sample's pictures, which are nowhere on the web."""

    async def give(route: Route) -> None:
        picture = BytesIO()
        color = (235, 240, 250) if "light" in route.request.url else (40, 44, 60)
        Image.new("RGB", (640, 400), color).save(picture, "PNG")
        await route.fulfill(body=picture.getvalue(), content_type="image/png")

    await page.route("https://pictures.example/**", give)


async def keep_picture(page: Page, path: Path) -> None:
    """Keep a picture of all the cards."""
    await page.screenshot(path=path, full_page=True, animations="disabled")
