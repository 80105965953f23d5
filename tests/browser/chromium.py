"""The Chromium that Debian packages, driven by Playwright, with no way off this machine."""

import shutil

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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing may leave this machine
]


async def launched(playwright: Playwright) -> Browser:
    """Return a running Chromium; the caller closes it. Fails the test where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail(MISSING, pytrace=False)
    return await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
