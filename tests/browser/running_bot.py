"""The bot as operators run it: `app.py` in a process of its own, which can be stopped, killed and started again."""

import asyncio
from pathlib import Path

from simulator.local import DEV, listening, start_bot
from simulator.playground import stop


class RunningBot:
    """One bot on one port with its documents in one folder. Its port stays the same when it starts again."""

    def __init__(self, port: int, folder: Path, **settings: str) -> None:
        self._port = port
        self.database = folder / "hearback.db"
        self._settings = {**DEV, "HEARBACK_STORE": f"sqlite:///{self.database}", **settings}
        self._log = folder / "bot.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await start_bot(self._port, self._settings, log=log)
        await listening(self._port, self._process)

    async def stop(self) -> None:
        """End it as an operator does: it may finish what it is doing."""
        if self._process is not None:
            await stop(self._process)
            self._process = None

    async def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self._process = None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def complaints(self) -> list[str]:
        """Return what it logged as an error."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if " ERROR " in line or " CRITICAL " in line or line.startswith("Traceback")]
