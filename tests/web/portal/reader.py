"""A person without JavaScript: reads pages, fills in forms, follows redirects."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import Client, TestResponse

from tests.web.house import House

SHOP = "https://shop.example"
"""Whose pages may show the portal in these tests."""


_LOADED = re.compile(r'<(?:link rel="stylesheet" href|script src|img src)="([^"]+)"')


def loaded(html: str) -> list[str]:
    """Return what a browser loads with a page."""
    return _LOADED.findall(html)


@dataclass
class Form:
    """A form as a browser would send it: its fields with what they hold."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def holding(self, **said: Any) -> dict[str, list[str]]:
        """Return what is sent when *said* is typed in; ``__`` stands for a dot in a name."""
        out: dict[str, list[str]] = {}
        for name, value in self.fields:
            out.setdefault(name, []).append(value)
        for name, value in said.items():
            out[name.replace("__", ".")] = value if isinstance(value, list) else [str(value)]
        return out


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.text: list[str] = []
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given["action"])
            self.forms.append(self._open)
        if tag == "a":
            self.links.append(given["href"])
        if tag in ("input", "select", "textarea"):
            self.names.add(given.get("name", ""))
        if self._open is None:
            return
        if tag == "input" and (
            given.get("type") not in ("checkbox", "radio") or "checked" in given
        ):
            self._open.fields.append((given["name"], given.get("value", "")))
        if tag == "select":
            self._select = given["name"]
        if tag == "option" and "selected" in given:
            self._open.fields.append((self._select, given["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@dataclass
class Page:
    """What came back."""

    response: TestResponse
    forms: list[Form]
    links: list[str]
    names: set[str]
    text: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def html(self) -> str:
        return self.response.get_data(as_text=True)

    def form(self, action: str) -> Form:
        """Return the form that goes to where *action* ends."""
        return next(one for one in self.forms if one.action.endswith(action))


_BOUNDARY = "of-a-test"


def _part(said: tuple[str, bytes, str]) -> bytes:
    name, value, file = said
    more = f'; filename="{file}"\r\nContent-Type: application/octet-stream' if file else ""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


@dataclass
class Reader:
    """One browser."""

    house: House
    language: str = "en"
    signal: str = ""
    client: Client = field(init=False)
    path: str = ""

    def __post_init__(self) -> None:
        self.client = self.house.app.test_client()

    def get(self, path: str, **headers: str) -> Page:
        """Open an address."""
        sent = {"Accept-Language": self.language, **headers}
        sent |= {"Sec-GPC": self.signal} if self.signal else {}
        return self._read(self.client.get(path, headers=sent, follow_redirects=True))

    def post(self, path: str, data: Any, *, origin: str = "http://localhost") -> Page:
        """Send a form."""
        headers = {"Accept-Language": self.language, **({"Origin": origin} if origin else {})}
        headers |= {"Sec-GPC": self.signal} if self.signal else {}
        return self._read(self.client.post(path, data=data, headers=headers, follow_redirects=True))

    def send(self, page: Page, action: str, **said: Any) -> Page:
        """Fill in the form of *page* that goes to *action*, and send it."""
        form = page.form(action)
        return self.post(form.action, form.holding(**said))

    def attach(self, action: str, fields: dict[str, Any], files: list[tuple[bytes, str]]) -> Page:
        """Send a form with files, as a browser writes it."""
        given = {n: v if isinstance(v, list) else [v] for n, v in fields.items()}
        said = [(n, str(v).encode(), "") for n, values in given.items() for v in values]
        said += [("document", content, name) for content, name in files]
        body = b"".join(map(_part, said)) + f"--{_BOUNDARY}--\r\n".encode()
        headers = {"Accept-Language": self.language, "Origin": "http://localhost"}
        return self._read(
            self.client.post(
                action,
                input_stream=io.BytesIO(body),
                content_length=len(body),
                content_type=f"multipart/form-data; boundary={_BOUNDARY}",
                headers=headers,
                follow_redirects=True,
            )
        )

    def enter(
        self,
        subject: Any,
        acr: str | None = "session",
        *,
        origin: str = SHOP,
        view: str = "",
    ) -> Page:
        """Come in from a product's page, as the person it says is signed in."""
        token = self.token(subject, acr)
        return self.post("/portal/enter", {"token": token, "view": view}, origin=origin)

    def token(self, subject: Any, acr: str | None = "session") -> str:
        """Return the portal token the product's backend asks for."""
        partner = self.house.partner
        body: dict[str, Any] = {"subject": subject}
        if acr:
            body = {"assertion": partner.assertion(subject, self.house.clock.now(), acr)}
        made = self.house.post("/v1/portal-tokens", body)
        assert made.status_code == 201, made.json
        return str(made.json["token"])

    def begin(self) -> Page:
        """Come in without an account."""
        return self.send(self.get("/portal/"), "/begin")

    def _read(self, response: TestResponse) -> Page:
        self.path = urlsplit(response.request.url).path
        response.get_data()
        response.close()  # as a server does: what a file is read from is let go
        parsed = _Forms()
        kind = response.content_type or ""
        if kind.startswith("text/html") and "attachment" not in response.headers.get(
            "Content-Disposition", ""
        ):
            parsed.feed(response.get_data(as_text=True))
        text = " ".join(" ".join(parsed.text).split())
        return Page(response, parsed.forms, parsed.links, parsed.names, text)
