"""Registrations, payments, surveys and agreements; runs inside the conference system's program."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from indico.core.db import db
from indico.modules.events.agreements.models.agreements import Agreement, AgreementState
from indico.modules.events.payment.models.transactions import (
    PaymentTransaction,
    TransactionStatus,
)
from indico.modules.events.registration.models.forms import RegistrationForm
from indico.modules.events.registration.models.invitations import (
    InvitationState,
    RegistrationInvitation,
)
from indico.modules.events.registration.models.registrations import (
    Registration,
    RegistrationData,
    RegistrationState,
)
from indico.modules.events.registration.models.tags import RegistrationTag
from indico.modules.events.registration.util import create_personal_data_fields
from indico.modules.events.surveys.models.anonymous_submissions import AnonymousSurveySubmission
from indico.modules.events.surveys.models.items import SurveyQuestion, SurveySection
from indico.modules.events.surveys.models.submissions import SurveyAnswer, SurveySubmission
from indico.modules.events.surveys.models.surveys import Survey
from indico.modules.logs.models.entries import EventLogRealm, LogKind
from indico.util.date_time import now_utc

from tests.indico.people import ANNA, BO, CLERK, CROWD, FRIEND, GUEST, LEO, LOOKALIKES, Person

RECENT_DAYS = 30
"""Registrations that the law still holds."""

OLD_DAYS = 1600
"""Registrations older than three years."""


class Registering:
    """Who came, and what they said."""

    def __init__(self, accounts: Any, conference: Any) -> None:
        self.users = accounts.users
        self.conference = conference
        self.tags: dict[int, Any] = {}

    def run(self) -> None:
        """Make forms, registrations, surveys and agreements."""
        new = self._form(self.conference.event)
        old = self._form(self.conference.old)
        for person in (ANNA, BO, GUEST, *LOOKALIKES, *CROWD):
            self._register(new, person, RECENT_DAYS)
        for person in (ANNA, LEO, GUEST, CROWD[0], LOOKALIKES[1]):
            self._register(old, person, OLD_DAYS)
        # Anna came again without logging in, under her other address and under the one that only
        # the account had which is to be merged into hers.
        second = self._form(self.conference.old)
        for email in ANNA.also:
            self._register(second, ANNA, OLD_DAYS, email=email, user=None)
        self._invitations(new)
        self._surveys()
        self._agreements()

    def _form(self, event: Any) -> Any:
        form = RegistrationForm(event=event, title="Participants", currency="CNY")
        form.base_price = 100
        db.session.add(form)
        create_personal_data_fields(form)
        db.session.flush()
        if event.id not in self.tags:
            self.tags[event.id] = RegistrationTag(title="vegetarian", color="green")
            event.registration_tags.append(self.tags[event.id])
        return form

    def _register(
        self, form: Any, person: Person, days: int, email: str = "", user: Any = ...
    ) -> None:
        user = self.users.get(person) if user is ... else user
        found = Registration(
            registration_form=form,
            user=user,
            email=email or person.email,
            first_name=person.first,
            last_name=person.last,
            base_price=form.base_price,
            currency=form.currency,
            created_by_manager=False,
            state=RegistrationState.complete,
            submitted_dt=now_utc() - timedelta(days=days),
        )
        for item in form.active_fields:
            found.data.append(
                RegistrationData(
                    field_data=item.current_data, data=f"{item.title} of {person.email}"
                )
            )
        found.tags.add(self.tags[form.event.id])
        db.session.add(found)
        db.session.flush()
        self._pay(found, person, days)
        found.log(
            EventLogRealm.participants,
            LogKind.positive,
            "Registration",
            f"New registration: {person.first} {person.last}",
            user,
            data={"Email": found.email},
        )

    def _pay(self, found: Any, person: Person, days: int) -> None:
        """The first attempt fails; the registration points at the second."""
        for status in (TransactionStatus.rejected, TransactionStatus.successful):
            paid = PaymentTransaction(
                status=status,
                amount=100,
                currency="CNY",
                provider="paypal",
                timestamp=now_utc() - timedelta(days=days),
                data={
                    "payer": {"email": person.email, "name": f"{person.first} {person.last}"},
                    "reference": str(uuid4()),
                },
            )
            paid.registration = found
            db.session.add(paid)
            db.session.flush()
        found.transaction = paid
        db.session.flush()

    def _invitations(self, form: Any) -> None:
        guest = next(r for r in form.registrations if r.email == GUEST.email)
        for person, accepted in ((GUEST, guest), (LOOKALIKES[1], None), (CROWD[3], None)):
            db.session.add(
                RegistrationInvitation(
                    registration_form=form,
                    email=person.email,
                    first_name=person.first,
                    last_name=person.last,
                    affiliation="somewhere",
                    registration=accepted,
                    state=InvitationState.accepted if accepted else InvitationState.pending,
                )
            )
        db.session.flush()

    def _surveys(self) -> None:
        event = self.conference.event
        survey = Survey(event=event, title="How was it?", require_user=True)
        section = SurveySection(title="All", display_as_section=True)
        question = SurveyQuestion(title="Words", field_type="text", is_required=False)
        section.children.append(question)
        survey.items.append(section)
        survey.items.append(question)
        db.session.add(survey)
        db.session.commit()  # running numbers are taken in a transaction of their own
        for person in (ANNA, BO, CROWD[0]):
            sent = SurveySubmission(
                survey=survey, user=self.users[person], is_submitted=True, submitted_dt=now_utc()
            )
            sent.answers.append(
                SurveyAnswer(question=question, data=f"{person.first}: ask {FRIEND}")
            )
        db.session.flush()
        secret = Survey(event=event, title="Secret", anonymous=True, require_user=True)
        for person in (ANNA, BO):
            db.session.add(AnonymousSurveySubmission(survey=secret, user=self.users[person]))
        db.session.flush()

    def _agreements(self) -> None:
        for person in (ANNA, GUEST, LOOKALIKES[1], BO, CLERK):
            db.session.add(
                Agreement(
                    event=self.conference.event,
                    uuid=str(uuid4()),
                    type="recording",
                    identifier=f"id-{person.email}",
                    person_email=person.email,
                    person_name=f"{person.first} {person.last}",
                    user=self.users.get(person),
                    state=AgreementState.accepted,
                    signed_dt=now_utc(),
                    signed_from_ip="203.0.113.11",
                    data={"speaker": person.last},
                )
            )
        db.session.flush()
