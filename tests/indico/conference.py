"""Events and what is said, filed and logged about them; runs inside the conference system."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from indico.core.db import db
from indico.core.db.sqlalchemy.descriptions import RenderMode
from indico.modules.attachments.models.attachments import Attachment, AttachmentFile, AttachmentType
from indico.modules.attachments.models.folders import AttachmentFolder
from indico.modules.categories.models.event_move_request import EventMoveRequest
from indico.modules.events import Event
from indico.modules.events.contributions.models.contributions import Contribution
from indico.modules.events.contributions.models.persons import (
    AuthorType,
    ContributionPersonLink,
    SubContributionPersonLink,
)
from indico.modules.events.contributions.models.subcontributions import SubContribution
from indico.modules.events.layout.models.menu import EventPage
from indico.modules.events.models.events import EventType
from indico.modules.events.models.persons import EventPerson, EventPersonLink
from indico.modules.events.models.principals import EventPrincipal
from indico.modules.events.models.roles import EventRole
from indico.modules.events.notes.models.notes import EventNote
from indico.modules.events.reminders.models.reminders import EventReminder
from indico.modules.events.requests.models.requests import Request, RequestState
from indico.modules.events.sessions.models.blocks import SessionBlock
from indico.modules.events.sessions.models.persons import SessionBlockPersonLink
from indico.modules.events.sessions.models.sessions import Session
from indico.modules.events.settings import EventSettingsProxy
from indico.modules.events.static.models.static import StaticSite, StaticSiteState
from indico.modules.events.timetable.models.entries import TimetableEntry
from indico.modules.events.tracks.models.tracks import Track
from indico.modules.logs.models.entries import EventLogRealm, LogKind
from indico.modules.networks.models.networks import IPNetworkGroup
from indico.modules.vc.models.vc_rooms import VCRoom, VCRoomEventAssociation, VCRoomStatus
from indico.util.date_time import now_utc

from tests.indico.people import ANNA, BO, CLERK, CROWD, GUEST, LOOKALIKES, Person


class Conference:
    """One conference with everything, and an old one."""

    def __init__(self, accounts: Any) -> None:
        self.accounts = accounts
        self.users = accounts.users
        self.event: Any = None
        self.old: Any = None
        self.track: Any = None
        self.talks: list[Any] = []
        self.persons: dict[Person, Any] = {}

    def run(self) -> None:
        """Make both, and the first one's contents."""
        self.event = self._event("量子会议", days=20, creator=CLERK)
        self.old = self._event("Long ago", days=1600, creator=ANNA)
        self.event.default_page = EventPage(event=self.event, html="<p>Welcome</p>")
        db.session.commit()  # running numbers are taken in a transaction of their own
        self.track = Track(title="Optics", event=self.event)
        db.session.add(self.track)
        db.session.flush()
        self._persons()
        self._programme()
        self._rights()
        self._words()
        self._files()
        self._office()
        self._rooms_on_the_net()

    def _event(self, title: str, *, days: int, creator: Person) -> Any:
        start = now_utc(exact=False) - timedelta(days=days)
        event = Event(
            type_=EventType.conference,
            title=title,
            start_dt=start,
            end_dt=start + timedelta(days=2),
            timezone="UTC",
            category=self.accounts.category,
            creator=self.users[creator],
            acl_entries=set(),
        )
        db.session.add(event)
        db.session.flush()
        return event

    # -- who speaks --------------------------------------------------------------------------

    def _persons(self) -> None:
        for person in (ANNA, BO, GUEST, *LOOKALIKES, *CROWD[:2]):
            user = self.users.get(person)
            if user:
                found = EventPerson.create_from_user(user, self.event)
            else:
                found = EventPerson(
                    event=self.event,
                    email=person.email,
                    first_name=person.first,
                    last_name=person.last,
                    affiliation="Guest University",
                    phone="+8613900139000",
                )
            db.session.add(found)
            self.persons[person] = found
        db.session.flush()
        self.event.person_links.append(EventPersonLink(person=self.persons[ANNA]))
        self.event.person_links.append(EventPersonLink(person=self.persons[CROWD[0]]))

    def _programme(self) -> None:
        """Two sessions; the first one's talks stand in a block that Anna chairs."""
        session = Session(event=self.event, title="Morning")
        block = SessionBlock(session=session, title="First", duration=timedelta(hours=1))
        block.person_links.append(SessionBlockPersonLink(person=self.persons[ANNA]))
        other = SessionBlock(session=session, title="Second", duration=timedelta(hours=1))
        other.person_links.append(SessionBlockPersonLink(person=self.persons[BO]))
        db.session.add(session)
        start = self.event.start_dt
        for one in (block, other):
            one.timetable_entry = TimetableEntry(event=self.event, start_dt=start)
        db.session.flush()
        written = {
            "Of two": ((ANNA, BO), block),
            "A guest's": ((GUEST, ANNA), None),
            "Only hers": ((ANNA,), other),
            "Others'": ((CROWD[0], CROWD[1]), block),
            "Nearly": (LOOKALIKES, None),
        }
        for title, (authors, where) in written.items():
            self.talks.append(self._talk(title, authors, session if where else None, where))
        session.update_principal(self.users[ANNA], full_access=True, quiet=True)
        session.update_principal(self.users[BO], full_access=True, quiet=True)
        self.track.update_principal(self.users[BO], permissions={"convene"}, quiet=True)
        self.track.update_principal(self.users[ANNA], permissions={"convene"}, quiet=True)

    def _talk(self, title: str, authors: Any, session: Any, block: Any) -> Any:
        talk = Contribution(
            event=self.event,
            title=title,
            duration=timedelta(minutes=20),
            description=f"by {authors[0].first}",
            session=session,
        )
        for person in authors:
            talk.person_links.append(
                ContributionPersonLink(
                    person=self.persons[person],
                    author_type=AuthorType.primary,
                    is_speaker=person is authors[0],
                    _affiliation=f"laboratory of {person.last}",
                )
            )
        if block:
            talk.timetable_entry = TimetableEntry(
                event=self.event, start_dt=self.event.start_dt, parent=block.timetable_entry
            )
        db.session.add(talk)
        db.session.commit()  # as above
        part = SubContribution(title=f"{title}: part", duration=timedelta(minutes=5))
        part.person_links.append(SubContributionPersonLink(person=self.persons[authors[0]]))
        talk.subcontributions.append(part)
        db.session.commit()
        user = self.users.get(authors[0])
        if user:
            talk.update_principal(user, permissions={"submit"}, quiet=True)
        return talk

    # -- who may -----------------------------------------------------------------------------

    def _rights(self) -> None:
        anna, bo, clerk = (self.users[p] for p in (ANNA, BO, CLERK))
        role = EventRole(event=self.event, name="Referees", code="REF", color="00ff00")
        role.members = {anna, bo}
        db.session.add_all([role, IPNetworkGroup(name="campus")])
        for user in (anna, bo, clerk):
            self.event.update_principal(user, full_access=True, quiet=True)
        for email in (GUEST.email, LOOKALIKES[1].email):
            self.event.acl_entries.add(
                EventPrincipal(event=self.event, type=4, email=email, read_access=True)
            )
        # Settings that hold lists of people, as the abstracts' module does.
        self._listed(anna, bo)

    def _listed(self, *users: Any) -> None:
        proxy = EventSettingsProxy("abstracts", {}, acls={"announcers"})
        for user in users:
            proxy.acls.add_principal(self.event, "announcers", user)

    # -- what is said --------------------------------------------------------------------------

    def _words(self) -> None:
        anna, bo, clerk = (self.users[p] for p in (ANNA, BO, CLERK))
        for thing, users in ((self.event, (clerk, anna)), (self.talks[0], (bo,))):
            note = EventNote(object=thing)
            for user in users:
                note.create_revision(RenderMode.markdown, f"minutes by {user.first_name}", user)
                db.session.flush()
        for user in (clerk, anna):
            self.event.log(
                EventLogRealm.management,
                LogKind.change,
                "Event",
                f"{user.full_name} changed the title",
                user,
                data={"Changed by": user.email},
            )
        self.event.log(EventLogRealm.emails, LogKind.other, "Emails", "A letter", None, data={})

    def _files(self) -> None:
        anna, bo = self.users[ANNA], self.users[BO]
        folder = AttachmentFolder(object=self.talks[0], title="Slides", protection_mode=1)
        folder.update_principal(bo, read_access=True, quiet=True)
        db.session.add(folder)
        for user in (anna, bo):
            kept = Attachment(
                folder=folder, user=user, title=f"{user.first_name}.pdf", type=AttachmentType.file
            )
            kept.file = AttachmentFile(
                user=user, filename=f"{user.last_name}.pdf", content_type="application/pdf"
            )
            kept.file.save(user.email.encode())
            kept.update_principal(user, read_access=True, quiet=True)
            db.session.add(kept)
        db.session.add(
            Attachment(
                folder=folder,
                user=anna,
                title="Her page",
                type=AttachmentType.link,
                link_url="https://anna.example",
            )
        )
        db.session.flush()

    # -- what the office does --------------------------------------------------------------------

    def _office(self) -> None:
        anna, clerk, bo = (self.users[p] for p in (ANNA, CLERK, BO))
        db.session.add_all(
            [
                EventReminder(
                    event=self.event,
                    creator=user,
                    scheduled_dt=now_utc() + timedelta(days=3),
                    recipients=[bo.email],
                    reply_to_address=user.email,
                    message=f"Come! {user.first_name}",
                )
                for user in (anna, clerk)
            ]
        )
        for asking, deciding in ((anna, clerk), (bo, anna)):
            db.session.add(
                Request(
                    event=self.event,
                    type="room-help",
                    data={"comment": f"{asking.first_name} asks", "telephone": "+8613800138000"},
                    created_by_user=asking,
                    processed_by_user=deciding,
                    processed_dt=now_utc(),
                    state=RequestState.accepted,
                )
            )
            db.session.add(
                StaticSite(event=self.event, creator=asking, state=StaticSiteState.pending)
            )
        db.session.add(self._moving(anna, clerk))
        db.session.flush()

    def _moving(self, asking: Any, deciding: Any) -> Any:
        return EventMoveRequest(
            event=self.old,
            category=self.accounts.category,
            requestor=asking,
            requestor_comment="please",
            moderator=deciding,
            state=1,
        )

    def _rooms_on_the_net(self) -> None:
        for person in (ANNA, BO):
            user = self.users[person]
            room = VCRoom(
                type="zoom",
                name=f"room of {person.first}",
                status=VCRoomStatus.created,
                created_by_user=user,
                data={"host": user.identifier, "zoom_id": str(uuid4()), "password": "open-sesame"},
            )
            place = VCRoomEventAssociation(vc_room=room, event=self.event, data={})
            place.link_object = self.event
            db.session.add(room)
        db.session.flush()
