"""`make run`: the bot and two Playground windows, an admin's and a customer's, on this machine.

Owns starting them together and ending them together. What the bot says goes to the terminal, what the Playground says
into its log.
"""

import argparse
import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from typing import BinaryIO

from simulator.playground import ADMIN, CUSTOMER, ROOT, open_window, stop

BOT_PORT = 3978
START_S = 60.0
LOOK_AGAIN_S = 0.05
CODE_BYTES = 24  # in the link to the dashboard
PORTS = (BOT_PORT, ADMIN.port, CUSTOMER.port)
FOLDER = ROOT / "data" / "playground"
DEV = {
    "HEARBACK_DEV": "1",
    "MicrosoftAppId": "",  # the Playground sends no token; whatever .env says, none can be asked for here
    "HEARBACK_ADMINS": ADMIN.object_id,
    "HEARBACK_HOME_TENANTS": ADMIN.tenant,
    "HEARBACK_ALLOWED_TENANTS": CUSTOMER.tenant,
}
ABOUT = (
    "Start the bot and a local Teams with two windows, an admin's and a customer's. "
    "Settings come from the environment and .env; .env.example explains each."
)

WELCOME = f"""
Hearback is running. Open these in a browser, each in a tab of its own:

  You, an admin:   {ADMIN.url}     type  help
  A customer:      {CUSTOMER.url}     open it once, so that Hearback knows them
  The dashboard:   {{dashboard}}
                   this link works once

  Then, as admin:  send pulse to customers

Stop it with Ctrl-C. Surveys and answers are kept in data/.
"""


class NotStarted(Exception):
    """A process ended before it listened."""


async def main() -> int:
    """Run until Ctrl-C, or until one of the processes ends; return the exit code."""
    busy = [port for port in PORTS if answers(port)]
    if busy:
        sys.stderr.write(f"Another program listens on port {', '.join(map(str, busy))}. Stop it, then try again.\n")
        return 1
    processes: dict[str, asyncio.subprocess.Process] = {}
    asked, running = asyncio.create_task(asked_to_stop()), asyncio.create_task(_run(processes))
    try:
        await asyncio.wait([asked, running], return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return 0
        sys.stderr.write(f"{running.result()} So everything is stopped. The logs of the chat are in {FOLDER}.\n")
        return 1
    finally:
        asked.cancel()
        running.cancel()
        await asyncio.wait([asked, running])
        await asyncio.gather(*map(stop, processes.values()))


def dashboard_link(port: int, code: str) -> str:
    """Return the link that opens the dashboard, once, of a bot that was started with this code."""
    return f"http://127.0.0.1:{port}/sign-in/once?code={code}"


async def start_bot(
    port: int, settings: Mapping[str, str] = DEV, *, log: BinaryIO | None = None
) -> asyncio.subprocess.Process:
    """Start the bot in a process of its own, its messages in `log` or in the terminal. The caller stops it."""
    environment = {**os.environ, **settings, "PORT": str(port)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "app.py", cwd=ROOT, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
    )


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    """Return when the process accepts connections. Raises `NotStarted` when it ends instead."""
    while not answers(port):
        if process.returncode is not None:
            message = f"What should listen on port {port} has ended with exit code {process.returncode}."
            raise NotStarted(message)
        await asyncio.sleep(LOOK_AGAIN_S)


async def _run(processes: dict[str, asyncio.subprocess.Process]) -> str:
    """Start all three and return a sentence once one has ended. `processes` holds what runs, whatever happens."""
    bot_url = f"http://127.0.0.1:{BOT_PORT}/api/messages"
    code = secrets.token_urlsafe(CODE_BYTES)
    try:
        async with asyncio.timeout(START_S):
            processes["bot"] = await start_bot(BOT_PORT, {**DEV, "HEARBACK_DEV_CODE": code})
            for window in (ADMIN, CUSTOMER):
                processes[f"window of {window.name}"] = await open_window(window, bot_url, FOLDER / str(window.port))
            await asyncio.gather(*map(listening, PORTS, processes.values()))
    except NotStarted as error:
        return str(error)
    except TimeoutError:
        return f"Not everything started within {START_S:.0f} seconds."
    sys.stdout.write(WELCOME.format(dashboard=dashboard_link(BOT_PORT, code)))
    sys.stdout.flush()
    ends = {asyncio.create_task(process.wait(), name=name) for name, process in processes.items()}
    ended, others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    return f"The {ended.pop().get_name()} has ended."


async def asked_to_stop() -> None:
    """Return when somebody asks to stop, be it while everything starts."""
    asked = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, asked.set)
    await asked.wait()


def answers(port: int) -> bool:
    """Say whether a program on this machine listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    argparse.ArgumentParser(prog="make run", description=ABOUT).parse_args()
    sys.exit(asyncio.run(main()))
