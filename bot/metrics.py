"""What the operator's Prometheus reads: requests that came, how they ended and how long they took; the budget."""

import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10)  # Teams gives up on a card action after 10 to 15 s


class Metrics:
    """The figures of one service. They hold no names, ids or texts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        labels = ["method", "route", "status"]
        self._requests = Counter("hearback_requests", "HTTP requests answered", labels, registry=self._registry)
        self._seconds = Histogram(
            "hearback_request_seconds",
            "Time from a request to its answer",
            ["route"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )

        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (method, route, status)
        if key not in self._children:  # looking labels up costs more than counting
            self._children[key] = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
        requests, durations = self._children[key]
        requests.inc()
        durations.observe(seconds)

    def watch_budget(self, read: Callable[[], float]) -> None:
        """Show this process's share of the budget as it is whenever somebody looks."""
        about = "Requests a second this process may make to each tenant now, of those that all instances share"
        Gauge("hearback_budget_requests_per_second", about, registry=self._registry).set_function(read)

    async def show(self, _request: web.Request) -> web.Response:
        """Answer `GET /metrics`."""
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def counting(metrics: Metrics) -> Middleware:
    """Return the middleware that counts every request."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        began, status = time.perf_counter(), 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            metrics.count(request.method, route, status, time.perf_counter() - began)
        return response

    return count
