"""A survey answered by typing: one step that loops. Where it is comes from the delivery, never from the dialog's state.

So it goes on after a restart, on another device, or where the card left off; each answer is kept as it is typed. The
dialog's state says only which question was asked last: when the survey has gone on since, in the card or because what
was typed was kept although the person was told otherwise, what they type is no answer to a question they never saw.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from botbuilder.core import MessageFactory
from botbuilder.dialogs import Dialog, DialogContext, DialogTurnResult

from cards.elements import escape, excerpt
from cards.promises import concept_in_words, promise
from dialogs.typed import WORDS, ask, read
from feedback.answers.answers import find_answered, record_answer
from feedback.answers.drafts import keep_typed
from feedback.answers.snoozes import MOST_DAYS, snooze
from feedback.errors import AnswersRefused, NotYourSurvey
from feedback.language import as_text, current, mark, say, say_number
from feedback.people.people import find_person
from feedback.runs.contacts import QuietHours, next_allowed
from feedback.runs.runs import Delivery, Run, find_run
from feedback.runs.translated_runs import run_in
from feedback.surveys.branching import asked, still_asked
from feedback.surveys.checking import check_some, missing
from feedback.surveys.questions import Answers, Question, describe
from feedback.wording import scale_words
from store.contract import Store

ANSWER_DIALOG = "answer.v1"
CLOSED = mark("This survey is closed, so it takes no more answers. Thank you.")
ELSEWHERE = mark(
    "You have sent this survey in its card meanwhile, so what you typed now was not kept. "
    "Type **answer {run}** to change your answers."
)
GONE_ON = mark(
    "You are further on in this survey by now, so what you typed was not taken as an answer. This is where you are:"
)
_SAID = 300  # characters of an answer in the summary


class AnswerDialog(Dialog):
    """Asks a survey's questions one by one. Begin with `{"run": <run>, "person": <person id>}`."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], quiet: QuietHours, answered: Callable[[], None]
    ) -> None:
        super().__init__(ANSWER_DIALOG)
        self._store = store
        self._clock = clock
        self._quiet = quiet
        self._answered = answered  # tells that there is something new to count

    async def begin_dialog(self, dialog_context: DialogContext, options: object = None) -> DialogTurnResult:
        """Ask where the person is in the survey."""
        given = options if isinstance(options, dict) else {}
        state = dialog_context.active_dialog.state
        state["run"], state["person"] = str(given["run"]), str(given["person"])
        run, delivery = await self._found(dialog_context)
        if not run.takes_answers:
            return await _end(dialog_context, say(CLOSED))
        answers = delivery.filled_in
        at = delivery.draft.at if delivery.draft else asked(run.survey, answers)[0].id
        delivery = await keep_typed(self._store, run, delivery, answers, at)
        words = say("At any time you can type {words}.", words=WORDS)
        above = [promise(run.survey), concept_in_words(run.survey, delivery.arm), words]
        intro = "\n\n".join([f"**{escape(run.survey.title)}**", *(one for one in above if one)])
        return await self._ask(dialog_context, run, delivery, intro)

    async def continue_dialog(self, dialog_context: DialogContext) -> DialogTurnResult:
        """Take what was typed, keep it and ask the next question."""
        run, delivery = await self._found(dialog_context)
        if not run.takes_answers:
            return await _end(dialog_context, say(CLOSED))
        text = str(dialog_context.context.activity.text or "")
        if delivery.draft is None:
            is_kept = _is_what_finished(run, delivery, text, dialog_context.active_dialog.state)
            return await _end(
                dialog_context, _thanks(run, delivery) if is_kept else say(ELSEWHERE, run=escape(run.run))
            )
        word, _, rest = text.strip().lower().partition(" ")
        if word == "later" and (not rest or rest.isdecimal()):
            return await self._later(dialog_context, run, int(rest[:3] or 1))
        if dialog_context.active_dialog.state.get("step", delivery.step) != delivery.step:
            return await self._ask(dialog_context, run, delivery, say(GONE_ON))
        if text.strip().lower() == "back":
            return await self._back(dialog_context, run, delivery)
        return await self._take(dialog_context, run, delivery, text)

    async def _take(self, inside: DialogContext, run: Run, delivery: Delivery, text: str) -> DialogTurnResult:
        question, _, _ = _position(run, delivery)
        answers = delivery.filled_in
        if text.strip().lower() == "skip":
            given: Answers = {question.id: answers[question.id]} if question.id in answers else {}
            problems = missing([question], given)
        else:
            given, problems = check_some([question], {question.id: read(question, text)})
            problems = problems or missing([question], given)
        if problems:
            return await self._ask(inside, run, delivery, " ".join(escape(one.sentence) for one in problems))
        answers = {name: one for name, one in answers.items() if name != question.id} | given
        following = _following(run, question, answers)
        if following is None:
            return await self._finish(inside, run, delivery, answers)
        delivery = await keep_typed(self._store, run, delivery, answers, following.id)
        return await self._ask(inside, run, delivery)

    async def _back(self, inside: DialogContext, run: Run, delivery: Delivery) -> DialogTurnResult:
        _, number, _ = _position(run, delivery)
        if number == 1:
            return await self._ask(inside, run, delivery, say("This is the first question."))
        before = asked(run.survey, delivery.filled_in)[number - 2]
        delivery = await keep_typed(self._store, run, delivery, delivery.filled_in, before.id)
        return await self._ask(inside, run, delivery)

    async def _later(self, inside: DialogContext, run: Run, days: int) -> DialogTurnResult:
        person = await find_person(self._store, inside.active_dialog.state["person"])
        if person is None:
            raise NotYourSurvey
        until = self._clock() + timedelta(days=_days(days))
        await snooze(self._store, run, person.id, next_allowed(person, until, self._quiet))
        then = say_number("I will ask you again tomorrow.", "I will ask you again in {n} days.", _days(days))
        kept = say("What you have answered so far is kept; **answer** goes on with it.")
        return await _end(inside, f"{then} {kept}")

    async def _finish(self, inside: DialogContext, run: Run, delivery: Delivery, answers: Answers) -> DialogTurnResult:
        complete = still_asked(run.survey, answers)
        try:
            kept = await record_answer(
                self._store,
                run,
                delivery.id,
                complete,
                revision=delivery.revision,
                now=self._clock(),
                step=delivery.step,
            )
        except AnswersRefused as refused:
            first = refused.problems[0]
            delivery = await keep_typed(self._store, run, delivery, answers, first.question)
            return await self._ask(inside, run, delivery, escape(first.sentence))
        self._answered()
        return await _end(inside, _thanks(run, kept.delivery))

    async def _ask(self, inside: DialogContext, run: Run, delivery: Delivery, notice: str = "") -> DialogTurnResult:
        question, number, of = _position(run, delivery)
        state = inside.active_dialog.state
        state["step"], state["revision"], state["question"] = delivery.step, delivery.revision, question.id
        words = ask(question, number, of, delivery.filled_in.get(question.id))
        await inside.context.send_activity(MessageFactory.text(as_text(f"{notice}\n\n{words}" if notice else words)))
        return Dialog.end_of_turn

    async def _found(self, inside: DialogContext) -> tuple[Run, Delivery]:
        state = inside.active_dialog.state
        run = run_in(await find_run(self._store, state["run"]), current())
        return run, await find_answered(self._store, run, state["person"])


def _position(run: Run, delivery: Delivery) -> tuple[Question, int, str]:
    """Return the question where somebody is, its number, and of how many: at most, while branches are open."""
    found = asked(run.survey, delivery.filled_in)
    at = delivery.draft.at if delivery.draft else found[0].id
    order = [one.id for one in run.survey.questions]
    later = [one for one in found if order.index(one.id) >= order.index(at)]
    question = later[0] if later else found[-1]
    rest = order[order.index(question.id) + 1 :]
    is_open = any(one.ask_if is not None and one.id in rest for one in run.survey.questions)
    number = found.index(question) + 1
    of = say("at most {n}", n=number + len(rest)) if is_open else str(len(found))
    return question, number, of


def _is_what_finished(run: Run, delivery: Delivery, text: str, state: Mapping[str, object]) -> bool:
    """Say whether a text is the last answer of a survey that is kept already, given once more."""
    question = next((one for one in run.survey.questions if one.id == state.get("question")), None)
    if question is None or delivery.step != state["step"] or delivery.revision - 1 != state["revision"]:
        return False
    kept = delivery.answers.get(question.id)
    if text.strip().lower() == "skip":
        return True
    given, problems = check_some([question], {question.id: read(question, text)})
    return not problems and given.get(question.id) == kept


def _following(run: Run, question: Question, answers: Answers) -> Question | None:
    """Return the question asked after another with these answers."""
    order = [one.id for one in run.survey.questions]
    place = order.index(question.id)
    return next((one for one in asked(run.survey, answers) if order.index(one.id) > place), None)


def _thanks(run: Run, delivery: Delivery) -> str:
    said = []
    for question in asked(run.survey, delivery.answers):
        answer = delivery.answers.get(question.id)
        words = "—" if answer is None else describe(question, answer)
        words = scale_words(question.kind).get(words, words)
        said.append(f"- {escape(excerpt(question.text, _SAID))} **{escape(excerpt(words, _SAID))}**")
    is_edit = delivery.revision > 1
    thanks = say("Thank you — your changes are saved.") if is_edit else say("Thank you — your answers are saved.")
    change = say("To change them, type **answer {run}**.", run=escape(run.run))
    return "\n\n".join([thanks, "\n".join(said), f"{say('Next, the team reads the answers.')} {change}"])


def _days(days: int) -> int:
    return max(1, min(days, MOST_DAYS))


async def _end(inside: DialogContext, words: str) -> DialogTurnResult:
    await inside.context.send_activity(MessageFactory.text(as_text(words)))
    return await inside.end_dialog()
