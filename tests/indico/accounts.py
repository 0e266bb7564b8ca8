"""Accounts, and what hangs on an account alone; runs inside the conference system's program."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from indico.core.db import db
from indico.core.oauth.models.applications import OAuthApplication, OAuthApplicationUserLink
from indico.core.oauth.models.personal_tokens import PersonalToken
from indico.core.oauth.models.tokens import OAuthToken
from indico.modules.api.models.keys import APIKey
from indico.modules.auth.models.identities import Identity
from indico.modules.auth.models.registration_requests import RegistrationRequest
from indico.modules.categories import Category
from indico.modules.categories.models.roles import CategoryRole
from indico.modules.groups.models.groups import LocalGroup
from indico.modules.logs.models.entries import CategoryLogRealm, LogKind
from indico.modules.rb import rb_settings
from indico.modules.users import User
from indico.modules.users.models.affiliations import Affiliation
from indico.modules.users.models.suggestions import SuggestedCategory
from indico.modules.users.models.users import ProfilePictureSource
from indico.modules.users.util import merge_users
from indico.util.date_time import now_utc
from werkzeug.datastructures import MultiDict

from tests.indico.people import ANNA, BO, CLERK, EVERYBODY, GUEST, LEO, LOOKALIKES, MEI, Person


class Accounts:
    """Everybody's account, by person."""

    def __init__(self) -> None:
        self.users: dict[Person, Any] = {}
        self.university = Affiliation(name="清华大学", city="北京", country_code="CN")
        self.category: Any = None

    def run(self) -> None:
        """Make the accounts and their own things."""
        for person in EVERYBODY:
            if person.account:
                self.users[person] = self._account(person)
        self.users[ANNA].secondary_emails.add(ANNA.also[0])
        self.users[CLERK].is_admin = True
        self._category()
        for person in (ANNA, BO, LEO):
            self._things_of(person)
        self._rights()
        self._asked_for_accounts()
        db.session.flush()

    def _account(self, person: Person) -> Any:
        user = User(
            first_name=person.first,
            last_name=person.last,
            email=person.email,
            affiliation=self.university.name,
            affiliation_link=self.university,
            phone="+8613800138000",
            address=f"{person.last} 长安街 1",
        )
        db.session.add(user)
        db.session.flush()
        user.settings.set_multi({"lang": "zh_Hans_CN", "timezone": "Asia/Shanghai"})
        return user

    def _things_of(self, person: Person) -> None:
        user = self.users[person]
        user.picture = b"\x89PNG " + person.email.encode()
        user.picture_metadata = {
            "hash": "1f",
            "size": 4,
            "filename": f"{person.first}.png",
            "content_type": "image/png",
        }
        user.picture_source = ProfilePictureSource.custom
        user.identities.add(self._identity("indico", person, password_hash="$2b$not-a-hash"))
        user.identities.add(self._identity("sso", person, password_hash=None))
        user.api_key = self._key(person)
        user.old_api_keys.append(self._key(person, is_active=False))
        self._tokens(person)
        self._suggestions(user)

    def _key(self, person: Person, **more: Any) -> Any:
        used = f"/user/search?email={person.email}"
        return APIKey(last_used_ip="203.0.113.7", last_used_uri=used, **more)

    def _identity(self, provider: str, person: Person, **more: Any) -> Any:
        return Identity(
            provider=provider,
            identifier=f"{provider}-{person.email}",
            data=MultiDict({"first_name": person.first, "email": person.email}),
            multipass_data={"token": f"ticket of {person.email}"},
            last_login_dt=now_utc(),
            last_login_ip="203.0.113.9",
            **more,
        )

    def _tokens(self, person: Person) -> None:
        user = self.users[person]
        app = OAuthApplication.query.first()
        link = OAuthApplicationUserLink(application=app, user=user, scopes=["read:user"])
        OAuthToken(
            app_user_link=link, scopes={"read:user"}, access_token_hash=f"oauth-{person.email}"
        )
        own = PersonalToken(user=user, name=f"laptop of {person.first}", scopes={"read:legacy_api"})
        own.access_token_hash = f"own-{person.email}"
        db.session.add_all([link, own])

    def _suggestions(self, user: Any) -> None:
        user.suggested_categories.append(SuggestedCategory(category=self.category, score=0.5))

    def _category(self) -> None:
        root = Category.get_root()
        self.category = Category(title="物理", parent=root, acl_entries=set())
        db.session.add(self.category)
        db.session.flush()

    def _rights(self) -> None:
        """Groups, roles and lists of who may do what."""
        anna, bo, clerk = (self.users[p] for p in (ANNA, BO, CLERK))
        group = LocalGroup(name="programme committee", members={anna, bo})
        role = CategoryRole(category=self.category, name="Editors", code="ED", color="ff0000")
        role.members = {anna, clerk}
        db.session.add_all([group, role])
        db.session.flush()
        self.category.update_principal(anna, full_access=True, quiet=True)
        self.category.update_principal(bo, read_access=True, quiet=True)
        self.category.update_principal(group.proxy, read_access=True, quiet=True)
        for person in (anna, clerk):
            rb_settings.acls.add_principal("admin_principals", person)
        for person in (anna, clerk):
            self.category.log(
                CategoryLogRealm.category,
                LogKind.change,
                "Category",
                "Title changed",
                person,
                data={"Old": "", "New": "物理"},
            )

    def _asked_for_accounts(self) -> None:
        for person in (GUEST, LOOKALIKES[1]):
            db.session.add(
                RegistrationRequest(
                    email=person.email,
                    extra_emails=[f"second.{person.email}"],
                    comment=f"I am {person.first}",
                    user_data={"first_name": person.first, "last_name": person.last},
                    identity_data={"provider": "indico", "identifier": person.email},
                    settings={"lang": "en"},
                )
            )

    def favourites(self, conference: Any) -> None:
        """Who likes what, and whom."""
        anna, bo, clerk, mei = (self.users[p] for p in (ANNA, BO, CLERK, MEI))
        anna.favorite_users |= {bo, clerk}
        bo.favorite_users |= {anna, clerk}
        clerk.favorite_users |= {anna}
        for user in (anna, bo, mei):
            user.favorite_events.add(conference.event)
            user.favorite_categories.add(self.category)
        db.session.flush()

    def merge(self) -> None:
        """Take over Anna's older account, as an administrator would."""
        old = User(first_name="Anna", last_name="Liu (old)", email=ANNA.also[1])
        db.session.add(old)
        db.session.flush()
        old.settings.set("lang", "en_GB")
        db.session.add(APIKey(user=old, token=str(uuid4()), secret=str(uuid4())))
        db.session.flush()
        merge_users(old, self.users[ANNA])
