"""The road from Teams to the bot: one HTTP POST per activity, with a token, and what came back of it."""

import enum
from collections.abc import Mapping

import aiohttp
import msgspec

from simulator.activities import Bot
from simulator.cards import ADAPTIVE
from simulator.ids import Clock, Ids
from simulator.payload import Json, mapping, text
from simulator.tokens import Issuer
from simulator.transcript import Transcript


class Credential(enum.Enum):
    """Which token goes along, unless one is given."""

    GOOD = enum.auto()
    ABSENT = enum.auto()


class Exchange(msgspec.Struct):
    """One activity and everything it led to until the bot answered the request."""

    sent: Json | bytes
    status: int
    body: object = None  # parsed JSON, or the text where it is none
    headers: Mapping[str, str] = {}
    activities: list[Json] = []  # what the bot sent to this person meanwhile

    @property
    def texts(self) -> list[str]:
        """The texts of the messages the bot sent."""
        return [text(each, "text") for each in self.activities if each.get("type") == "message"]

    @property
    def card(self) -> Json:
        """The card an invoke was answered with, or an empty object."""
        answer = mapping(self.body)
        return mapping(answer.get("value")) if answer.get("type") == ADAPTIVE else {}

    @property
    def notice(self) -> str:
        """The text or the error message an invoke was answered with."""
        answer = mapping(self.body)
        return text(answer, "value") or text(answer, "value", "message")


class Channel:
    """Posts activities to the bot. Raises aiohttp's errors where the bot cannot be reached or takes too long."""

    def __init__(self, tokens: Issuer, transcript: Transcript, ids: Ids, clock: Clock, *, patience_s: float) -> None:
        self.bot_url = ""
        self.bot = Bot(tokens.app_id, "")
        self.tokens = tokens
        self.transcript = transcript
        self.ids = ids
        self.clock = clock
        self._patience = aiohttp.ClientTimeout(total=patience_s)
        self._session: aiohttp.ClientSession | None = None

    async def open(self, service_url: str) -> None:
        """Get ready to post activities that are to be answered at this URL."""
        self.bot = Bot(self.tokens.app_id, service_url)
        self.tokens.service_url = service_url
        pool = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=pool, timeout=self._patience)

    async def close(self) -> None:
        """Let go of every connection."""
        if self._session is not None:
            await self._session.close()

    async def post(
        self,
        activity: Json | bytes,
        *,
        person: str = "",
        token: str | Credential = Credential.GOOD,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Post an activity, or any bytes. `headers` are laid over the usual ones."""
        entry = self.transcript.add(person, _what(activity), activity, to_bot=True)
        try:
            exchange = await self._exchange(activity, self._headers(activity, token) | dict(headers or {}))
        except (aiohttp.ClientError, TimeoutError) as error:
            entry.result = type(error).__name__
            raise
        entry.result = str(exchange.status)
        return exchange

    async def _exchange(self, activity: Json | bytes, headers: Mapping[str, str]) -> Exchange:
        if self._session is None:
            message = "the channel is not open"
            raise RuntimeError(message)
        data = activity if isinstance(activity, bytes) else msgspec.json.encode(activity)
        async with self._session.post(self.bot_url, data=data, headers=headers) as response:
            raw = await response.read()
            return Exchange(activity, response.status, _parsed(raw), response.headers.copy())

    def _headers(self, activity: Json | bytes, token: str | Credential) -> dict[str, str]:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if isinstance(activity, dict):
            headers["x-ms-conversation-id"] = text(activity, "conversation", "id")
            headers["x-ms-tenant-id"] = text(activity, "conversation", "tenantId")
        if token is Credential.GOOD:
            token = self.tokens.current()
        return headers if isinstance(token, Credential) else headers | {"Authorization": f"Bearer {token}"}


def _what(activity: Json | bytes) -> str:
    if isinstance(activity, bytes):
        return "raw bytes"
    return " ".join(filter(None, (text(activity, "type"), text(activity, "name"), text(activity, "action"))))


def _parsed(raw: bytes) -> object:
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw.decode(errors="replace")
