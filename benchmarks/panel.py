"""Sample people who were all sent the same survey: written beforehand, and looked up again afterwards.

Everybody gives answers of their own, so that an answer lost, doubled or given to somebody else is found out.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import batched

import msgspec

from benchmarks.load import Reply, Request
from cards.survey import survey_card
from feedback.deliveries import SLICE, write_planned
from feedback.people import Contact, Conversation, meet, person_id
from feedback.questions import Answers
from feedback.runs import Delivery, DeliveryState, Run, RunState, create_run, deliveries, set_run_state
from feedback.survey_files import read_survey
from simulator import Teams, card_text
from simulator.activities import Bot, Who, card_action, envelope
from simulator.cards import ADAPTIVE, Pressable, filled, find_action
