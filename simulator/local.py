"""`make run`: the bot and two Playground windows, an admin's and a customer's, on this machine."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from simulator.playground import ADMIN, CUSTOMER, ROOT, open_window, stop

BOT_PORT = 3978
START_S = 60.0
LOOK_AGAIN_S = 0.2
FOLDER = ROOT / "data" / "playground"

WELCOME = f"""
Hearback is running.

  You, an admin:   {ADMIN.url}     type  help
  A customer:      {CUSTOMER.url}     open it once, so that Hearback knows them

  Then, as admin:  send pulse to customers

Stop it with Ctrl-C. What was said is kept in data/.
"""


async def main() -> int:
    """Run until Ctrl-C, or until one of the processes ends; return the exit code."""
    busy = [port for port in (BOT_PORT, ADMIN.port, CUSTOMER.port) if _answers(port)]
    if busy:
        sys.stderr.write(f"Another program listens on port {', '.join(map(str, busy))}. Stop it, then try again.\n")
        return 1
    processes = [await _bot()]
    bot_url = f"http://127.0.0.1:{BOT_PORT}/api/messages"
    try:
        processes += [await open_window(one, bot_url, FOLDER / str(one.port)) for one in (ADMIN, CUSTOMER)]
        async with asyncio.timeout(START_S):
            await asyncio.gather(*(_listening(port) for port in (BOT_PORT, ADMIN.port, CUSTOMER.port)))
        sys.stdout.write(WELCOME)
        sys.stdout.flush()
        await _until_stopped(processes)
    except TimeoutError:
        sys.stderr.write(f"Not everything started within {START_S:.0f} seconds. The logs are in {FOLDER}.\n")
        return 1
    finally:
        await asyncio.gather(*(stop(process) for process in processes))
    return 0


async def _bot() -> asyncio.subprocess.Process:
    environment = {**os.environ, "HEARBACK_DEV": "1", "PORT": str(BOT_PORT)}
    return await asyncio.create_subprocess_exec(sys.executable, str(Path("app.py")), cwd=ROOT, env=environment)


async def _until_stopped(processes: list[asyncio.subprocess.Process]) -> None:
    """Return when somebody asks to stop, or when one of the processes has ended."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, asked.set)
    ends = [asyncio.create_task(process.wait()) for process in processes]
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait([waiting, *ends], return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *ends):
        task.cancel()


async def _listening(port: int) -> None:
    while not _answers(port):
        await asyncio.sleep(LOOK_AGAIN_S)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
