"""
Where a request may go.

A name is resolved once, every address it has is judged, and the request is made to one of the
judged addresses: a name server that answers differently the second time changes nothing.

The allow-list is the operator's. An entry ``host:port`` opens that host over plain HTTP too, and
wherever it resolves to on private or loopback networks; link-local, metadata, multicast and
reserved addresses are opened only by an entry that is a network (``169.254.7.0/24``).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from rights.domain.errors import ConfigError, Refused, Transient
from rights.net.addresses import OPENED_BY_NAME, Address, plain, special

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to textual addresses. Raises OSError when there are none."""

_PORTS = {"https": 443, "http": 80}
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")  # RFC 3986, and nothing else
_MAX_URL = 4096


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system, as every other program does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Destination:
    """
    A place a request may go to, resolved and judged.

    Args:
        host: What the certificate is checked against and the Host header says.
        addresses: Judged; the first that answers is used.
        target: Path and query, as sent. Never shown: it may hold what it should not.
    """

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    target: str = field(repr=False)

    @property
    def name(self) -> str:
        """``host:port``, for messages."""
        return _joined(self.host, self.port)

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else self.name


class Guard:
    """
    Judges URLs.

    Args:
        allow: ``host:port``, ``address:port`` or a network; nothing else opens anything.

    Raises:
        ConfigError: an entry is neither; all wrong ones are named.
    """

    def __init__(self, allow: Sequence[str] = (), *, resolver: Resolver = system_resolver) -> None:
        self._resolve = resolver
        self._networks: tuple[IPv4Network | IPv6Network, ...] = ()
        self._names: frozenset[str] = frozenset()
        problems = []
        for entry in allow:
            try:
                self._open(entry)
            except (ValueError, Refused):
                problems.append(f"{entry!r} is neither host:port nor a network like 10.0.0.0/8")
        if problems:
            raise ConfigError("the allow-list cannot be read", problems)

    def check(self, url: str) -> Destination:
        """
        Return where *url* leads.

        Raises:
            Refused: it leads where we do not go; the message says why, without the URL.
            Transient: the name cannot be resolved now.
        """
        parts = _parsed(url)
        host, port = _host(parts), _port(parts)
        name = _joined(host, port)
        named = name in self._names
        addresses = tuple(dict.fromkeys(self._addresses(host, port)))
        judged = [self._judge(address, named=named) for address in addresses]
        if refused := next((word for word in judged if word not in {"", "open"}), ""):
            raise Refused(
                f"{name} is at a {refused} address; allow it in the settings if it is ours"
            )
        if parts.scheme != "https" and not (named or set(judged) == {"open"}):
            raise Refused(f"{name} must be reached over https")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Destination(parts.scheme, host, port, tuple(map(str, addresses)), target)

    def _open(self, entry: str) -> None:
        if "/" in entry:
            self._networks += (ip_network(entry),)
            return
        parts = urlsplit(f"//{entry}")
        if parts.port is None or parts.path or parts.username is not None:
            raise ValueError
        self._names |= {_joined(_host(parts), parts.port)}

    def _addresses(self, host: str, port: int) -> Sequence[Address]:
        try:
            found = [ip_address(text) for text in self._resolve(host, port)]
        except (OSError, UnicodeError):
            raise Transient(f"the name {host} cannot be resolved") from None
        if not found:
            raise Transient(f"the name {host} has no address")
        return found

    def _judge(self, address: Address, *, named: bool) -> str:
        """Return empty for a public address, ``open`` for an allowed one, else why not."""
        if any(one in network for one in (address, plain(address)) for network in self._networks):
            return "open"
        word = special(address)
        return "open" if named and word in OPENED_BY_NAME else word


def _parsed(url: str) -> SplitResult:
    if len(url) > _MAX_URL or not _URL.fullmatch(url):
        raise Refused("a URL must be printable ASCII of at most 4,096 characters")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refused("a URL cannot be read") from None
    if parts.scheme not in _PORTS:
        raise Refused("a URL must begin with https:// or, for allowed hosts, http://")
    if "@" in parts.netloc:
        raise Refused("a URL must not hold a user name or a password")
    if parts.fragment or "#" in url:
        raise Refused("a URL must not have a fragment")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host:
        try:
            return str(IPv6Address(host.partition("%")[0]))
        except ValueError:
            raise Refused("a URL's host cannot be read") from None
    if not _NAME.fullmatch(host):
        raise Refused("a URL's host cannot be read; write international names as xn--…")
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise Refused("a URL's port cannot be read") from None
    if port == 0:
        raise Refused("a URL's port cannot be 0")
    return port or _PORTS[parts.scheme]


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
