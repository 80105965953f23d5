"""The card that leads to the pages in the browser."""

from cards.elements import Card, Element, card, escape, excerpt, heading, hint, text
from feedback.runs.runs import Run

_TITLE = 200  # characters
SIGN_IN = "You sign in there with the account you use in Teams."


def dashboard_card(run: Run | None, address: str) -> Card:
    """Return the address of the dashboard, or of one run's results in it."""
    title = "The dashboard" if run is None else f"Results of {escape(run.run)}"
    about = (
        "Runs and results with charts, and files for a deck."
        if run is None
        else escape(excerpt(run.survey.title, _TITLE))
    )
    opening: Element = {"type": "Action.OpenUrl", "title": "Open it", "url": address}
    return card([heading(title), text(about), hint(SIGN_IN)], [opening], fallback=f"{title}: {address}")
