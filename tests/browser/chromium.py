"""The Chromium that Debian packages, driven by Playwright, with no way off this machine."""

import shutil
from collections.abc import Mapping

import pytest
from playwright.async_api import Browser, Playwright

MISSING = "Chromium is missing. `make chromium` installs it; `make test` does so by itself."
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NOTHING_LEAVES = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # this machine


async def launched(playwright: Playwright, *, names: Mapping[str, str] | None = None) -> Browser:
    """Return a running Chromium; the caller closes it. Fails the test where there is none.

    `names` are hosts that it finds on this machine, each with address and port.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail(MISSING, pytrace=False)
    rules = [f"MAP {name} {at}" for name, at in (names or {}).items()]
    found = f"--host-resolver-rules={', '.join([*rules, NOTHING_LEAVES])}"
    return await playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, found])
