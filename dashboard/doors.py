"""Coming in and going out: the pages on which people sign in, and the button with which they leave."""

import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import urlencode

from aiohttp import web

from dashboard.chance import chance
from dashboard.entra import SignInUnavailable
from dashboard.sessions import Visitor
from dashboard.visit import Visit
from feedback.errors import Refusal

LOCAL = "local-link"  # tickets of the link that is printed in development
SIGN_IN = "sign-in"  # tickets of those who are with Microsoft just now
TIME_TO_SIGN_IN = timedelta(minutes=10)
START = "/sign-in/microsoft"
BACK = "/sign-in/microsoft/back"
USED = "This link does not work, or it has been used. Start Hearback again for a new one."
OUTDATED = "This took too long, or it was begun in another browser. Try again."
SILENT = "Microsoft cannot be reached right now. Try again in a minute."
DENIED = "Microsoft did not let you in. Try again; if it stays so, ask whoever runs Hearback."
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Say how to sign in; lead on who has."""
    to = own_path(visit.request.query.get("to", ""))
    if visit.session is not None:
        return led_to(to)
    return _door(visit, to=to)


async def sign_in_once(visit: Visit) -> web.StreamResponse:
    """Sign in who comes with the link that was printed, once. There is no such link in operation."""
    told = await visit.parts.tickets.take(LOCAL, visit.request.query.get("code", ""))
    if told is None:
        return _door(visit, problem=USED)
    return await begun(visit, Visitor(**told), "/")


async def start(visit: Visit) -> web.StreamResponse:
    """Lead to Microsoft, and remember in the store and in this browser who is to come back."""
    entra = visit.parts.entra
    if entra is None:
        return _door(visit, problem=DENIED)
    browser, nonce, verifier = chance(), chance(), chance()
    kept = {
        "browser": _fingerprint(browser),
        "nonce": nonce,
        "verifier": verifier,
        "to": own_path(visit.request.query.get("to", "")),
    }
    state = await visit.parts.tickets.give(SIGN_IN, kept, good_for=TIME_TO_SIGN_IN)
    response = led_to(entra.address(state=state, nonce=nonce, verifier=verifier))
    age, secure = int(TIME_TO_SIGN_IN.total_seconds()), visit.parts.sessions.is_secure
    response.set_cookie(_cookie(visit), browser, max_age=age, path="/", httponly=True, secure=secure, samesite="Lax")
    return response


async def back(visit: Visit) -> web.StreamResponse:
    """Sign in who comes back from Microsoft, if it was this browser that left, and their proof holds."""
    said, entra = visit.request.query, visit.parts.entra
    told = await visit.parts.tickets.take(SIGN_IN, said.get("state", ""))
    browser = visit.request.cookies.get(_cookie(visit), "")
    if entra is None or told is None or not hmac.compare_digest(told["browser"], _fingerprint(browser)):
        return _door(visit, problem=OUTDATED)
    if "error" in said or not said.get("code"):
        return _door(visit, problem=DENIED, to=told["to"])
    try:
        visitor = await entra.visitor(said["code"], nonce=told["nonce"], verifier=told["verifier"])
    except SignInUnavailable:
        return _door(visit, problem=SILENT, status=503, to=told["to"])
    except Refusal as refused:
        return _door(visit, problem=str(refused), to=told["to"])
    response = await begun(visit, visitor, told["to"])
    response.del_cookie(_cookie(visit), path="/")
    return response


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the session, here and wherever else its cookie may be."""
    response = led_to("/sign-in")
    if visit.session is not None:
        await visit.parts.sessions.end(visit.session, response)
    return response


async def begun(visit: Visit, visitor: Visitor, to: str) -> web.StreamResponse:
    """Begin a session and lead on. A session from before is over: its name is not used again."""
    response = led_to(to)
    if visit.session is not None:
        await visit.parts.sessions.end(visit.session, response)
    await visit.parts.sessions.begin(visitor, response)
    return response


def door_to(path: str) -> str:
    """Return where somebody signs in who wanted to see a page of ours."""
    return "/sign-in" if path == "/" else f"/sign-in?{urlencode({'to': own_path(path)})}"


def own_path(path: str) -> str:
    """Return a path on this very site, which nobody can make lead to another; the overview for anything else."""
    return path if _OWN_PATH.fullmatch(path) else "/"


def _door(visit: Visit, *, problem: str = "", status: int = 0, to: str = "/") -> web.Response:
    parts = visit.parts
    return visit.page(
        "sign-in.html",
        status=status or (403 if problem else 200),
        problem=problem,
        is_local=parts.is_local and parts.entra is None,
        start=f"{START}?{urlencode({'to': to})}" if parts.entra else "",
        is_closed=parts.entra is None and not parts.is_local,
    )


def _cookie(visit: Visit) -> str:
    return f"{visit.parts.sessions.cookie}-sign-in"


def _fingerprint(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def led_to(path: str) -> web.Response:
    """Lead on to a path of our own."""
    return web.Response(status=303, headers={"Location": path})
