"""Another system is told by HTTP that a run is over, signed so that it can tell who says so."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from app import ANNOUNCER
from settings import Settings
from simulator import Person, Teams
from tests.e2e.conftest import ADMIN, ELSEWHERE, STORES, Service

SECRET = base64.b64encode(b"a sample secret of forty characters, made").decode()

pytestmark = STORES


class Receiver:
    """The other system: it takes a message only if its signature fits."""

    def __init__(self) -> None:
        self.url = ""
        self.came = 0
        self.taken: list[dict[str, object]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.came += 1
        body = await request.read()
        said = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(base64.b64decode(SECRET), said, hashlib.sha256).digest()).decode()
        if request.headers["webhook-signature"] != f"v1,{expected}":
            return web.Response(status=401)
        self.taken.append(json.loads(body))
        return web.Response(status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/in", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/in"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def settings(teams: Teams, store_at: dict[str, str], receiver: Receiver) -> Settings:
    return Settings.from_env(
        {
            **teams.environment(),
            **store_at,
            "HEARBACK_ADMINS": ADMIN,
            "HEARBACK_ALLOWED_TENANTS": ELSEWHERE,
            "HEARBACK_QUIET_HOURS": "off",
            "HEARBACK_WEBHOOK_URL": receiver.url,
            "HEARBACK_WEBHOOK_SECRET": f"whsec_{SECRET}",
            "HEARBACK_WEBHOOK_ANSWERS": "1,2",
        }
    )


async def test_the_first_answer_and_the_end_of_a_run_are_told(
    asked: Person, admin: Person, service: Service, receiver: Receiver
) -> None:
    announcer = service.part(ANNOUNCER)
    assert announcer is not None
    await announcer.tick()
    assert receiver.came == 0
    await asked.press("answer", {"q_nps": "9"})
    await admin.say("results pulse")
    await announcer.tick()
    await admin.say("survey close pulse")
    await announcer.tick()
    assert [(one["id"], one["answered"]) for one in receiver.taken] == [("pulse-1.answers-1", 1), ("pulse-1.closed", 1)]
    assert receiver.came == 2
