"""How a conversation goes, from the first message to the last status."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.simulator.domain import pace
from services.simulator.domain.actions import Action
from services.simulator.domain.brands import PUBLIC_CHANNELS
from services.simulator.domain.draws import Draws
from services.simulator.domain.phrases import Phrases, Topic
from services.simulator.domain.script import Script, Wording
from services.simulator.domain.staffing import Agent, Team

# How likely a customer is upset about the topic; the public hears more of it.
_UPSET: Mapping[Topic, float] = MappingProxyType(
    {
        "delivery": 0.33,
        "product": 0.28,
        "billing": 0.36,
        "login": 0.30,
        "refund": 0.38,
        "complaint": 0.88,
        "praise": 0.0,
        "outage": 0.80,
    }
)
_UPSET_IN_PUBLIC = 0.15
_PRIORITIES: Mapping[Topic, str] = MappingProxyType(
    {"complaint": "high", "outage": "high", "praise": "low"}
)
_NEVER_ANSWERED = 0.012
_SECOND_MESSAGE = 0.16
_NUDGES = 0.7
_ASKS_DETAILS = 0.6
_WAITS_AS_PENDING = 0.4
_NEVER_COMES_BACK = 0.07
_ASKS_ELSEWHERE = 0.15
_SECOND_THOUGHT = 0.28
_SAYS_THANKS = 0.62
_RELAPSES = {True: 0.06, False: 0.15}
_LONG_WAIT_SECONDS = 20 * 60.0
_NUDGE_BEFORE_REPLY_SECONDS = 30.0


class Plot:
    """Plays one conversation; ``actions`` is what came of it, in the order of time."""

    def __init__(
        self,
        draws: Draws,
        *,
        script: Script,
        topic: Topic,
        phrases: Phrases,
        wording: Wording,
        team: Team,
    ) -> None:
        self._draws = draws
        self._script = script
        self._topic: Topic = topic
        self._phrases = phrases
        self._waits = phrases.topics[topic].waits
        self._issue = draws.pick(phrases.topics[topic].issues)
        self._wording = wording
        self._team = team
        public = _UPSET_IN_PUBLIC if script.channel in PUBLIC_CHANNELS else 0.0
        self._upset = bool(self._issue.upset) and draws.happens(_UPSET[topic] + public)
        self._agent: Agent | None = None

    def actions(self) -> list[Action]:
        self._open()
        if self._topic == "praise":
            self._answer_praise()
        elif not self._draws.happens(_NEVER_ANSWERED):
            asked = self._first_answer()
            if not asked or self._answer_after_details():
                self._middle()
                self._end()
        return self._script.actions

    # The customer begins.

    def _open(self) -> None:
        draws, script, say = self._draws, self._script, self._wording.pick
        opening = say(self._issue.upset if self._upset else self._issue.calm)
        account = script.customer.accounts[script.channel]
        told = () if script.channel == "telegram" else account.identifiers
        script.customer_writes(0, say(self._phrases.salutations) + opening, identifiers=told)
        if self._topic != "praise" and draws.happens(_SECOND_MESSAGE):
            script.customer_writes(pace.second_message(draws), say(self._phrases.afterthoughts))

    # The agent answers.

    def _answer_praise(self) -> None:
        wait = pace.first_reply(self._draws, self._script.channel, self._queue_minutes())
        agent = self._take(wait)
        self._script.agent_replies(1, agent, self._wording.pick(self._issue.answers))
        self._solve(pace.wrapping_up(self._draws))

    def _first_answer(self) -> bool:
        """Return whether the customer was asked for details instead of being answered."""
        draws, say = self._draws, self._wording.pick
        wait = pace.first_reply(draws, self._script.channel, self._queue_minutes())
        agent = self._take(self._nudge_until(wait))
        words = [say(self._phrases.greetings)]
        if wait > _LONG_WAIT_SECONDS or self._upset:
            words.append(say(self._phrases.apologies))
        asks = bool(self._issue.asks) and draws.happens(_ASKS_DETAILS)
        words.append(say((self._issue.asks,) if asks else self._issue.answers))
        self._script.agent_replies(pace.taking(draws), agent, self._join(words))
        return asks

    def _nudge_until(self, wait: float) -> float:
        """Let an impatient customer write again; return what is left of the wait."""
        draws, phrases = self._draws, self._phrases
        patience = pace.patience(draws, self._script.channel)
        while wait > patience + _NUDGE_BEFORE_REPLY_SECONDS and draws.happens(_NUDGES):
            angry = self._upset or draws.happens(0.3)
            lines = phrases.angry_nudges if angry else phrases.nudges
            self._script.customer_writes(patience, self._wording.pick(lines))
            self._upset = angry
            wait -= patience
            patience *= 2
        return wait

    # Back and forth.

    def _answer_after_details(self) -> bool:
        """Return whether the customer came back with them; who does not ends up solved."""
        draws, script = self._draws, self._script
        pending = draws.happens(_WAITS_AS_PENDING)
        if pending:
            script.status_changes(1, "pending", assignee=self._present().agent_id)
        if draws.happens(_NEVER_COMES_BACK):
            self._solve(pace.giving_up(draws))
            return False
        self._customer(self._wording.pick(self._issue.gives))
        if pending:
            script.status_changes(1, "open", assignee=self._present().agent_id)
        self._ask_for_phone()
        self._reply(self._wording.pick(self._issue.answers))
        return True

    def _ask_for_phone(self) -> None:
        """On Telegram a number comes as a message of its own, when asked for."""
        script = self._script
        account = script.customer.accounts[script.channel]
        if script.channel != "telegram" or not account.phone:
            return
        self._reply(self._wording.pick(self._phrases.phone_requests))
        after = pace.customer_returns(self._draws, script.channel)
        script.customer_writes(after, "", identifiers=account.identifiers)

    def _middle(self) -> None:
        draws, say = self._draws, self._wording.pick
        if self._waits and draws.happens(_ASKS_ELSEWHERE):
            self._ask_elsewhere()
        if draws.happens(_SECOND_THOUGHT):
            question, answer = draws.pick(self._phrases.questions)
            self._customer(say((question,)))
            self._reply(say((answer,)))

    def _ask_elsewhere(self) -> None:
        draws, say, phrases = self._draws, self._wording.pick, self._phrases
        self._reply(say(self._waits))
        agent = self._present()
        self._script.status_changes(2, "on_hold", assignee=agent.agent_id)
        self._script.status_changes(pace.elsewhere(draws), "open", assignee=agent.agent_id)
        self._reply(self._join([say(phrases.updates), say(self._issue.answers)]))

    # The end, and sometimes not yet.

    def _end(self) -> None:
        draws, say, phrases = self._draws, self._wording.pick, self._phrases
        satisfied = draws.happens(0.58 if self._upset else 0.85)
        if not satisfied and draws.happens(0.6):
            self._customer(say(phrases.disappointments))
            self._reply(say(phrases.consolations))
        elif satisfied and draws.happens(_SAYS_THANKS):
            self._thank()
        else:
            self._solve(pace.silence(draws))
            self._maybe_relapse(satisfied=satisfied)
            return
        self._solve(pace.wrapping_up(draws))
        self._maybe_relapse(satisfied=satisfied)

    def _maybe_relapse(self, *, satisfied: bool) -> None:
        draws, say, phrases = self._draws, self._wording.pick, self._phrases
        if not draws.happens(_RELAPSES[satisfied]):
            return
        self._script.customer_writes(pace.relapse(draws), say(phrases.reopenings))
        self._reply(say(phrases.reopened_answers))
        if draws.happens(0.5):
            self._thank()
        self._solve(pace.wrapping_up(draws))

    def _thank(self) -> None:
        self._customer(self._wording.pick(self._phrases.thanks))
        if self._draws.happens(0.45):
            self._reply(self._wording.pick(self._phrases.welcomes))

    # What these are made of.

    def _queue_minutes(self) -> float:
        return self._team.wait_minutes(self._script.at_us)

    def _customer(self, text: str) -> None:
        self._script.customer_writes(pace.customer_returns(self._draws, self._script.channel), text)

    def _reply(self, text: str) -> None:
        wait = pace.next_reply(self._draws, self._script.channel, self._queue_minutes())
        agent = self._present(wait)
        self._script.agent_replies(wait if self._agent is agent else 1, agent, text)

    def _take(self, wait: float) -> Agent:
        """Let somebody on shift take the conversation after the wait."""
        agent = self._draws.pick(self._team.on_shift(self._script.at_us + int(wait * 1e6)))
        priority = _PRIORITIES.get(self._topic, "normal")
        if self._topic == "complaint" and self._upset:
            priority = "urgent"
        self._script.status_changes(wait, "open", assignee=agent.agent_id, priority=priority)
        self._agent = agent
        self._wording.by(agent)
        return agent

    def _present(self, wait: float = 0.0) -> Agent:
        """Return whose conversation it is after the wait; who has gone home hands it over."""
        at_us = self._script.at_us + int(wait * 1e6)
        assert self._agent is not None
        if not self._agent.works_at(at_us):
            self._agent = self._draws.pick(self._team.on_shift(at_us))
            self._wording.by(self._agent)
            self._script.status_changes(wait, "open", assignee=self._agent.agent_id)
        return self._agent

    def _solve(self, seconds: float) -> None:
        assert self._agent is not None
        self._script.status_changes(seconds, "solved", assignee=self._agent.agent_id)

    def _join(self, words: list[str]) -> str:
        """Put sentences together; Chinese has no space between them."""
        return (" " if self._script.customer.language == "en" else "").join(words)
