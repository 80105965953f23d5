"""`python -m tests.browser.picture` renews docs/chat.png: the survey, the thanks and the results of the story test."""

from PIL import Image

from simulator.playground import ROOT
from tests.browser.chat import SCREENS

PICTURES = [SCREENS / f"card-{name}.png" for name in ("survey", "thanks", "results")]
CHAT = ROOT / "docs" / "chat.png"
_GAP = 24  # pixels around each card
_BACKGROUND = "#f5f5f5"


def draw() -> None:
    """Put the cards side by side."""
    cards = [Image.open(path).convert("RGB") for path in PICTURES]
    width = sum(card.width + _GAP for card in cards) + _GAP
    picture = Image.new("RGB", (width, max(card.height for card in cards) + 2 * _GAP), _BACKGROUND)
    left = _GAP
    for card in cards:
        picture.paste(card, (left, _GAP))
        left += card.width + _GAP
    picture.save(CHAT, optimize=True)


if __name__ == "__main__":
    draw()
