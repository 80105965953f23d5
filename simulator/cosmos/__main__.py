"""The stand-in as a process of its own. Prints one line of JSON when it is ready: endpoint, key, certificate."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import msgspec

from simulator.cosmos.account import CosmosStandIn, described
from simulator.cosmos.troubles import reset_after, reset_before, throttled, timed_out, unavailable


async def serve(options: argparse.Namespace) -> None:
    """Run until the process is told to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    account = CosmosStandIn(port=options.port, key=options.key, ranges=options.ranges, snapshot=options.snapshot)
    async with account:
        if options.containers is not None:
            account.prepare(*described(msgspec.json.decode(options.containers.read_bytes())))
        if options.faults:
            mix = [throttled(), unavailable(), timed_out(done=True), reset_before(), reset_after()]
            account.troubles.by_chance(options.faults, mix, seed=options.seed, when=lambda call: call.kind == "docs")
        ready = {"endpoint": account.url, "key": account.key, "certificate": str(account.certificate)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="simulator.cosmos", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--key", default="", help="the account's key; a well-known one if left out")
    parser.add_argument("--ranges", type=int, default=2, help="physical ranges of each container")
    parser.add_argument("--snapshot", type=Path, help="a file that keeps what is stored over a restart")
    parser.add_argument("--containers", type=Path, help='JSON: {"database": name, "containers": [settings, …]}')
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests about documents that go wrong")
    parser.add_argument("--seed", type=int, default=1, help="makes the faults repeatable")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
