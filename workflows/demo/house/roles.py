"""The company's recommender and website, and our own roles: web, console, relay and workers."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from rights.store.migrate import upgrade
from workflows.demo.house.backend import NAME, ShopBackend, registered, show_portal_at
from workflows.demo.house.credentials import Credentials
from workflows.demo.house.processes import OwnProcess, bare_environment, python, until
from workflows.demo.house.settings import Addresses, environment, store_secrets
from workflows.embedded.ports import free_ports
from workflows.embedded.process import StartFailed

_CLI: Final = ("-m", "workflows.cli")
_TRIES: Final = 3
_OK: Final = 200


class Roles:
    """
    Processes, started and ended together.

    Args:
        web_port: A port the web must have; any free one when 0.
        website: Whether the shop's own pages are wanted too.
    """

    def __init__(
        self,
        addresses: Addresses,
        keys: Credentials,
        chance: random.Random,
        *,
        web_port: int,
        website: bool,
    ) -> None:
        self._addresses = addresses
        self._web_port, self._console_port = web_port, 0
        self._recommender_port, self._website_port = 0, 0
        self.keys = keys
        self._chance = chance
        self._fixed, self._website = bool(web_port), website
        self.register_made = threading.Event()
        """Set also when it could not be made, so that nobody waits for ever."""
        self._running: dict[str, OwnProcess] = {}
        self._lock = threading.Lock()

    @property
    def addresses(self) -> Addresses:
        """Where everything is, with the ports that are known by now."""
        return replace(
            self._addresses,
            web_port=self._web_port,
            console_port=self._console_port,
            recommender_port=self._recommender_port,
            website_port=self._website_port,
        )

    def start_front(self) -> ShopBackend:
        """Make the register, and start what does not need the stores filled."""
        try:
            web, console = self._start_web(), self._start_console()
            upgrade(self.addresses.register_url)  # what ``rights migrate`` does
        finally:
            self.register_made.set()
        now = datetime.now(UTC)
        backend = registered(self.addresses.folder, self.addresses.register_url, self.keys, now=now)
        for remaining in reversed(range(1 if self._fixed else _TRIES)):
            try:
                until(lambda: self._answers(backend), web)
                break
            except StartFailed:
                self._forget("web")
                if not remaining:
                    raise
                web = self._start_web()  # somebody took its port meanwhile
        self._until_console(console)
        self.start("relay", [*_CLI, "relay"], secrets=False)
        if self._website:
            self.start_website(backend)
        return backend

    def start_recommender(self) -> None:
        """Start the company's own service on the file that was filled for it."""
        values = {"RECOMMENDER_SECRET": self.keys.recommender}
        self._recommender_port = self._start_companys(
            "recommender", self.addresses.places.recommender, values
        )

    def start_website(self, backend: ShopBackend) -> None:
        """Start the shop's own pages, and let them show the portal."""
        values = {
            "MALL_RIGHTS": self.addresses.base_url,
            "MALL_API_KEY": backend.key,
            "MALL_NAME": NAME,
            "MALL_AUDIENCE": backend.audience,
            "MALL_SIGNING_KEY": json.dumps(dict(backend.signing)),
        }
        self._website_port = self._start_companys(
            "website", self.addresses.places.shop_file, values
        )
        origin, register = self.addresses.website_url, self.addresses.register_url
        show_portal_at(register, origin, now=datetime.now(UTC))

    def start_back(self) -> None:
        """Start the workers, which look at every store at once."""
        self.start("worker", [*_CLI, "worker"], secrets=True)

    def start(self, name: str, words: list[str], *, secrets: bool) -> OwnProcess:
        """
        Start one role.

        Args:
            secrets: Whether it may reach the stores: workers only.
        """
        values = environment(self.addresses, self.keys)
        if secrets:
            values |= store_secrets(self.addresses, self.keys)
        return self._run(name, words, values)

    def process(self, name: str) -> OwnProcess:
        """Return a running role."""
        return self._running[name]

    def died(self) -> OwnProcess | None:
        """Return a role that ended although nobody asked it to, or None."""
        return next((p for p in self._running.values() if not p.running), None)

    def stop(self) -> None:
        """End all of them: first everyone is asked, then everyone is waited for."""
        with self._lock:
            processes = list(self._running.values())
            self._running.clear()
        for process in processes:
            process.ask_to_end()
        for process in processes:
            process.stop()

    def _start_companys(self, name: str, file: Path, values: dict[str, str]) -> int:
        """Start a service of the company's own on *file*; return the port it took."""
        found = self.addresses.folder / f"{name}.port"
        found.unlink(missing_ok=True)
        words = ["-m", f"workflows.demo.company.{name}", str(file), "--port-file", str(found)]
        process = self._run(name, words, bare_environment(values))
        until(lambda: found.exists() and bool(found.read_text()), process)
        return int(found.read_text())

    def _start_web(self) -> OwnProcess:
        if not self._fixed:
            (self._web_port,) = free_ports(1, self._chance)
        words = [*_CLI, "web", "--port", str(self.addresses.web_port)]
        return self.start("web", words, secrets=False)

    def _start_console(self) -> OwnProcess:
        (self._console_port,) = free_ports(1, self._chance)
        words = [*_CLI, "web", "--surface", "console", "--port", str(self._console_port)]
        return self.start("console", words, secrets=False)

    def _until_console(self, console: OwnProcess) -> None:
        """Wait for the console, on another port where somebody took its own meanwhile."""
        for remaining in reversed(range(_TRIES)):
            try:
                until(self._shows_sign_in, console)
            except StartFailed:
                self._forget("console")
                if not remaining:
                    raise
                console = self._start_console()
            else:
                return

    def _shows_sign_in(self) -> bool:
        url = f"{self.addresses.console_url}/console/sign-in"
        try:
            return urllib3.request("GET", url, timeout=2.0, retries=False).status == _OK
        except HTTPError:
            return False

    def _answers(self, backend: ShopBackend) -> bool:
        """Return whether our web is there: nobody else's would know this key."""
        headers = {"Authorization": f"Bearer {backend.key}", "Connection": "close"}
        url = f"{self.addresses.base_url}/v1/requests?limit=1"
        try:
            answer = urllib3.request("GET", url, headers=headers, timeout=2.0, retries=False)
        except HTTPError:
            return False
        return answer.status == _OK

    def _run(self, name: str, words: list[str], values: dict[str, str]) -> OwnProcess:
        place = self.addresses.folder / "logs" / name
        process = OwnProcess(name, python(*words), place, values)
        with self._lock:
            self._running[name] = process
        return process

    def _forget(self, name: str) -> None:
        with self._lock:
            process = self._running.pop(name)
        process.stop()
