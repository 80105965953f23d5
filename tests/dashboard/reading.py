"""How tests read the page of texts and send its forms, and machines that make themes without another process."""

import html
import re
from collections.abc import Sequence

from dashboard.theme_desk import ThemeDesk
from feedback.runs.runs import DeliveryState, deliveries
from feedback.texts.theme_machine import ThemeMachine
from feedback.texts.theme_making import Found, Task, found_in
from store.contract import Store
from tests.conftest import Clock
from tests.dashboard.site import Browser, Site

PAGE = "/runs/pulse-1/texts"


class QuickMachine(ThemeMachine):
    """Finds the same as the real one, in this process; test_theme_machine.py has the other."""

    def __init__(self) -> None:
        self.asked = 0

    async def find(self, texts: Sequence[str], least: int) -> list[Found]:
        self.asked += 1
        return found_in(Task(tuple(texts), least))


class BrokenMachine(ThemeMachine):
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def find(self, texts: Sequence[str], least: int) -> list[Found]:  # noqa: ARG002
        raise self.error


def with_machine(site: Site, machine: ThemeMachine, clock: Clock) -> Site:
    desk = ThemeDesk(site.store, machine, now=clock.now)
    object.__setattr__(site.parts, "theme_desk", desk)
    return site


async def read(browser: Browser, path: str = PAGE, status: int = 200) -> str:
    reply = await browser.get(path)
    assert reply.status == status, await reply.text()
    return html.unescape(await reply.text())


def quotes(page: str) -> list[str]:
    """Return the texts in the list."""
    return re.findall(r'<blockquote dir="auto">(.*?)</blockquote>', page, re.DOTALL)


def refs(page: str) -> list[str]:
    return re.findall(r'<li class="text" id="text-([\w=-]+)"', page)


def themes(page: str) -> list[tuple[str, str, str]]:
    """Return the id, the name and the origin of each theme."""
    found = re.findall(r'theme=(\w+)#texts"[^>]*>(.*?)</a> <span class="origin">(.*?)</span></h3>', page)
    return [(one, name, origin) for one, name, origin in found]


async def token_of(browser: Browser, path: str = PAGE) -> str:
    found = re.search(r'name="token" value="([^"]+)"', await read(browser, path))
    assert found is not None
    return found[1]


async def does(browser: Browser, what: str, status: int = 303, path: str = PAGE, **fields: str) -> str:
    """Send a form and return the page that it leads to, or that it is answered with."""
    reply = await browser.post(f"{path}/{what}", fields, token=await token_of(browser, path), question="why")
    assert reply.status == status, await reply.text()
    return await read(browser, reply.headers["Location"]) if status == 303 else html.unescape(await reply.text())


async def newest(store: Store) -> list[str]:
    some = [one async for one in deliveries(store, "pulse-1", states=frozenset({DeliveryState.ANSWERED}))]
    wrote = [one for one in some if "why" in one.answers]
    return [str(one.answers["why"]) for one in sorted(wrote, key=lambda one: str(one.answered_at), reverse=True)]
