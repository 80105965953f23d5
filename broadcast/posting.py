"""Brings a webhook to another system: one request, tried once. Knows nothing of what it says."""

from collections.abc import Mapping

import aiohttp

from broadcast.announcing import Post

TIMEOUT = aiohttp.ClientTimeout(total=10)
NO_ANSWER = 0  # in the place of a status


def posting_to(url: str, session: aiohttp.ClientSession) -> Post:
    """Return what sends webhooks to one address, and gives the status of the answer. Redirects are not followed."""

    async def post(body: bytes, headers: Mapping[str, str]) -> int:
        try:
            async with session.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False) as reply:
                return reply.status
        except (aiohttp.ClientError, TimeoutError):
            return NO_ANSWER

    return post
