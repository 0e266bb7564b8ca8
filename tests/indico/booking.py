"""Rooms: who owns, books, blocks and likes them; runs inside the conference system's program."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from indico.core.db import db
from indico.modules.rb.models.blocked_rooms import BlockedRoom
from indico.modules.rb.models.blocking_principals import BlockingPrincipal
from indico.modules.rb.models.blockings import Blocking
from indico.modules.rb.models.locations import Location
from indico.modules.rb.models.reservation_edit_logs import ReservationEditLog
from indico.modules.rb.models.reservations import (
    RepeatFrequency,
    Reservation,
    ReservationLink,
    ReservationState,
)
from indico.modules.rb.models.rooms import Room

from tests.indico.people import ANNA, BO, CLERK, CROWD, Person


class Booking:
    """Rooms and bookings."""

    def __init__(self, accounts: Any, conference: Any) -> None:
        self.users = accounts.users
        self.conference = conference
        self.hour = 0

    def run(self) -> None:
        """Make rooms, bookings and blockings."""
        place = Location(name="Campus")
        db.session.add(place)
        rooms = [
            Room(location=place, building="1", floor="2", number=str(n), owner=self.users[person])
            for n, person in enumerate((ANNA, CLERK))
        ]
        db.session.add_all(rooms)
        db.session.flush()
        for booked, made in ((ANNA, ANNA), (ANNA, BO), (BO, ANNA), (BO, BO), (CROWD[0], CROWD[1])):
            self._book(rooms[1], booked, made)
        talk = self.conference.talks[0]
        talk.inherit_location = False
        talk.room = rooms[1]
        for room in rooms:
            room.favorite_of |= {self.users[ANNA], self.users[BO]}
            room.update_principal(self.users[ANNA], full_access=True, quiet=True)
            room.update_principal(self.users[BO], permissions={"book"}, quiet=True)
        self._block(rooms[0])
        db.session.flush()

    def _book(self, room: Any, booked: Person, made: Person) -> None:
        self.hour += 1
        start = datetime.combine(date.today(), time(8)) + timedelta(days=self.hour)  # noqa: DTZ011
        found = Reservation(
            room=room,
            start_dt=start,
            end_dt=start + timedelta(hours=1),
            repeat_frequency=RepeatFrequency.NEVER,
            repeat_interval=0,
            booked_for_user=self.users[booked],
            created_by_user=self.users[made],
            booking_reason=f"{booked.first} needs it",
            state=ReservationState.accepted,
        )
        found.create_occurrences(skip_conflicts=True)
        found.edit_logs.append(
            ReservationEditLog(user_name=f"{made.first} {made.last}", info=["Booking created"])
        )
        if booked is ANNA:
            found.link = ReservationLink(object=self.conference.event)
        db.session.add(found)
        db.session.flush()

    def _block(self, room: Any) -> None:
        for by, spared in ((ANNA, BO), (CLERK, ANNA)):
            blocking = Blocking(
                created_by_user=self.users[by],
                start_date=date.today() + timedelta(days=30),  # noqa: DTZ011
                end_date=date.today() + timedelta(days=31),  # noqa: DTZ011
                reason=f"{by.first} paints",
            )
            blocking.blocked_rooms.append(BlockedRoom(room=room, state=1))
            blocking._allowed.add(  # noqa: SLF001 - as its own interface does
                BlockingPrincipal(principal=self.users[spared])
            )
            db.session.add(blocking)
        db.session.flush()
