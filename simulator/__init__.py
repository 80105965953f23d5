"""A Teams on this machine: connector API, tokens and people who chat, for tests, benchmarks and the demo."""

from simulator.cards import InputRefused, NoSuchAction, action_titles, card_text
from simulator.channel import Credential, Exchange
from simulator.connector import Call
from simulator.faults import FOREVER, Fault
from simulator.limits import Limits
from simulator.payload import Json
from simulator.people import Person
from simulator.teams import Teams
from simulator.tokens import Key
from simulator.view import NothingCame

__all__ = [
    "FOREVER",
    "Call",
    "Credential",
    "Exchange",
    "Fault",
    "InputRefused",
    "Json",
    "Key",
    "Limits",
    "NoSuchAction",
    "NothingCame",
    "Person",
    "Teams",
    "action_titles",
    "card_text",
]
