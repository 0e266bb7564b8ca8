"""What people and staff do, by the services that the API, the console and the commands call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr, minimum
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.representation import RELATIONS, Role, Scope
from rights.services import (
    appeals,
    arrivals,
    asking,
    content_approvals,
    denial_proposals,
    extending,
    information,
    preferences,
    proving,
    requests,
    standing_still,
    submission,
    untold,
    verification,
    verification_plan,
)
from rights.services.arrivals import Arrival
from rights.services.askable import Point
from rights.services.assertions import Proof
from rights.services.context import Context
from rights.services.denials import Said
from rights.services.information import Supplied
from rights.services.intake import Submission
from rights.services.representatives import Second
from rights.store.models import DenialProposal, OutboxMessage, Request, Staff, WarningDue
from tests.month import story as told
from tests.month.days import ZONES
from tests.month.laws import place
from tests.month.story import Story

STAFF = {
    "ana": ["reviewer", "approver", "verifier", "legal", "dpo"],
    "wei": ["approver", "legal", "dpo"],
    "bea": ["approver", "legal", "dpo"],
    "mia": ["dpo"],
    "otto": ["auditor"],
}
_SAID: dict[tuple[Kind, Option], dict[str, Any]] = {
    (Kind.CONSENT_WITHDRAWAL, Option.ALL): {"parameters": {"purposes": ["newsletter"]}},
    (Kind.RECOMMENDATION_OPT_OUT, Option.SWITCH_ON): {"parameters": {"switches": ["personalised"]}},
    (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT): {"values": {"chosen": ["tea"]}},
    (Kind.CORRECTION, Option.CORRECT): {
        "values": {"changes": [{"field": "shop.users.nickname", "value": "b"}]}
    },
    (Kind.CORRECTION, Option.SUPPLEMENT): {
        "values": {"changes": [{"field": "shop.users.nickname", "value": "c"}]}
    },
}
_QUESTION = Point(question="Which account do you mean?", why="There are two.")
_ENDS = {told.FULFILLED: Event.COMPLETED, told.PARTLY: Event.PARTLY_COMPLETED}


class Deed(NamedTuple):
    """One thing that somebody does, and when."""

    at: datetime
    number: int
    name: str


def deeds(story: Story) -> Iterable[Deed]:
    """Return what is done about one request, by the names of the methods of :class:`People`."""
    proved_later = story.proved if story.proof == told.LATER else None
    ended = story.ended if story.end != told.MERGED else None
    planned = (
        (story.entered, "enter"), (story.doubted, "doubt"), (proved_later, "prove"),
        (story.asked, "ask"), (story.answered, "answer"), (story.more, "take_more"),
        (story.proposed, "propose"), (ended, "end"), (story.tells, "tell"),
        (story.appealed, "appeal"), (story.decided, "decide"),
    )  # fmt: skip
    return [Deed(at, story.number, name) for at, name in planned if at is not None]


@dataclass
class People:
    """
    Everybody who does something, in one transaction of the register after the other.

    Args:
        notes: Of a story the proposal, or the appeal, that waits.
    """

    context: Context
    backend: str
    stories: list[Story]
    staff: dict[str, Staff] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)

    def do(self, session: Session, deed: Deed) -> None:
        getattr(self, f"_{deed.name}")(session, self.stories[deed.number], deed.at)

    def _request(self, session: Session, story: Story) -> Request:
        return requests.locked(session, story.id)

    # -- people ---------------------------------------------------------------------------------

    def _enter(self, session: Session, story: Story, now: datetime) -> None:
        if story.channel in told.LOGGED:
            arrival = self._arrival(story)
            ana = self.staff["ana"]
            request = arrivals.log(session, self.context, arrival, ana, now=now)
        else:
            new = self._submission(story)
            request, made = submission.take(session, self.context, new, now=now)
            assert made, f"story {story.number} is taken for one that is open already"
        story.id = request.id
        _at_work(session, request, story, now)

    def _arrival(self, story: Story) -> Arrival:
        zone: ZoneInfo = ZONES[place(story.laws[0])]
        said = story.received.astimezone(zone).replace(tzinfo=None)
        return Arrival(
            story.kind, story.named, said, story.channel, str(story.option),
            regimes=story.laws, locale="en", age_band=story.age,
        )  # fmt: skip

    def _submission(self, story: Story) -> Submission:
        acr = Acr.REAL_NAME if story.kind is Kind.PORTABILITY else Acr.MFA
        known = story.proof == told.AT_ONCE or story.kind is Kind.PORTABILITY
        return Submission(
            story.kind,
            story.option,
            story.named,
            self.backend,
            regimes=story.laws,
            locale="en",
            channel=story.channel,
            attested=frozenset(story.named) if known else frozenset(),
            acr=acr if known else None,
            level_cap=3,
            stranger=story.repeats is not None,
            role=story.role,
            second=_second(story),
            age_band=story.age,
            **_SAID.get((story.kind, story.option), {}),
        )

    def _prove(self, session: Session, story: Story, now: datetime) -> None:
        request = self._request(session, story)
        given: dict[str, Any] = {"code": None, "proof": Proof(story.named, Acr.MFA)}
        if minimum(story.kind, story.option) > 2:
            sent = proving.start(session, self.context, request, purpose="request", now=now)
            given["code"] = verification.code_of(self.context, sent)
            given["proof"] = Proof(story.named, Acr.REAL_NAME)
        proving.answer(session, self.context, request, cap=3, now=now, **given)
        _at_work(session, request, story, now)

    def _answer(self, session: Session, story: Story, now: datetime) -> None:
        request, given = (
            self._request(session, story),
            Supplied(answers={"question_1": "The first"}),
        )
        information.supply(session, self.context, request, given, actor="subject", now=now)
        _at_work(session, request, story, now)

    def _appeal(self, session: Session, story: Story, now: datetime) -> None:
        request = self._request(session, story)
        made = appeals.make(session, self.context, request, "Why?", actor="subject", now=now)
        self.notes[story.number] = made.id

    # -- staff ----------------------------------------------------------------------------------

    def _doubt(self, session: Session, story: Story, now: datetime) -> None:
        ana = self.staff["ana"]
        if story.doubt == "identity_doubt":
            said = {"reason": "two accounts", "now": now}
            verification_plan.demand_as(session, self.context, story.id, "document", ana, **said)  # type: ignore[arg-type]  # of one dict
        request = self._request(session, story)
        standing_still.pause(session, self.context, request, ana, story.doubt, now=now)

    def _ask(self, session: Session, story: Story, now: datetime) -> None:
        request, ana = self._request(session, story), self.staff["ana"]
        asking.ask(session, self.context, request, [_QUESTION], ana, now=now)
        if story.paused:
            session.flush()
            standing_still.pause(session, self.context, request, ana, "clarification", now=now)

    def _take_more(self, session: Session, story: Story, now: datetime) -> None:
        request, said = self._request(session, story), {"reason": "complexity", "because": "Much."}
        extending.extend(session, self.context, request, self.staff["ana"], now=now, **said)

    def _propose(self, session: Session, story: Story, now: datetime) -> None:
        law = {"law": "Article 7 of a law", "rank": "law"} if story.reason in told.SECRET else {}
        request, said = self._request(session, story), Said(story.reason, "It is not so.", **law)
        ana = self.staff["ana"]
        made = denial_proposals.propose(session, self.context, request, ana, said, now=now)
        self.notes[story.number] = made.id

    def _end(self, session: Session, story: Story, now: datetime) -> None:
        request = self._request(session, story)
        if story.end == told.REVOKED:
            requests.revoke(session, request, actor="subject", now=now)
        elif story.end == told.DENIED:
            self._deny(session, story, request, now)
        else:
            requests.record(session, request, Event.RESUMED, actor="system", now=now)
            requests.record(session, request, _ENDS[story.end], actor="system", now=now)
            serving = ["recommender", "mailer"]
            preferences.confirmed(session, request.id, stores=serving, now=now)

    def _deny(self, session: Session, story: Story, request: Request, now: datetime) -> None:
        wei, made = self.staff["wei"], session.get_one(DenialProposal, self.notes[story.number])
        if content_approvals.needed(session, request):
            asked = content_approvals.ask(session, request, wei, "answer", now=now)
            session.flush()
            content_approvals.approve(session, asked.id, self.staff["mia"], hours=1, now=now)
        denial_proposals.read_by(session, self.context, request, made, wei, now=now)
        denial_proposals.confirm(session, self.context, request, made, wei, now=now)

    def _tell(self, session: Session, story: Story, now: datetime) -> None:
        request = self._request(session, story)
        untold.told(session, request, self.staff["ana"], "phone", now=now)

    def _decide(self, session: Session, story: Story, now: datetime) -> None:
        request, appeal = appeals.find(session, self.notes[story.number])
        bea = self.staff["bea"]
        appeals.assign(session, request, appeal, bea, self.staff["ana"], now=now)
        said = {"uphold": story.upheld, "reasons": "We looked again."}
        appeals.decide(session, self.context, request, appeal, bea, now=now, **said)  # type: ignore[arg-type]  # of one dict


def _second(story: Story) -> Second | None:
    if story.role is Role.SELF:
        return None
    return Second(
        story.role,
        RELATIONS[story.role][0],
        {"email": f"rep-{story.address}"},
        attested=story.role is not Role.CLOSE_RELATIVE,
        scope=Scope.SUBMIT if story.role is Role.AGENT else None,
        interest="I settle the estate.",
    )


def _at_work(session: Session, request: Request, story: Story, now: datetime) -> None:
    """Leave a request as a worker does whose steps wait for staff, or for a guardian."""
    if request.state is not State.IN_PROGRESS:
        return
    request.wait = Wait.GUARDIAN if story.guarded else Wait.TASK
    request.next_at = None
    requests.record(session, request, Event.HELD, actor="system", now=now)


def rung(session: Session) -> None:
    """Answer every bell that workers answer: there is nothing in any store, and nobody on file."""
    session.execute(update(WarningDue).values(next_at=None))
    session.execute(delete(OutboxMessage))
    closed, tidied = col(Request.closed_at).is_not(None), col(Request.next_at).is_not(None)
    session.execute(update(Request).where(closed, tidied).values(next_at=None))


def hire(session: Session, now: datetime) -> dict[str, Staff]:
    session.add_all(Staff(name=n, roles=r, created_at=now) for n, r in STAFF.items())
    session.flush()
    return {one.name: one for one in session.exec(select(Staff).order_by(col(Staff.name)))}
