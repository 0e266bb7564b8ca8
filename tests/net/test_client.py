"""A request goes to the judged address, in bounded time, for a bounded answer."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from rights.domain.errors import Misconfigured, Refused, Transient
from rights.net import Client, Guard
from tests.net.servers import Handler, RawServer, answering, certificate, serving

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def client(stack: ExitStack) -> Client:
    client = Client(Guard(LOOPBACK))
    stack.callback(client.close)
    return client


def start(stack: ExitStack, handler: Handler) -> tuple[RawServer, str]:
    server = stack.enter_context(serving(handler))
    return server, f"http://127.0.0.1:{server.port}"


def test_an_answer_comes_back_with_status_headers_and_body(
    stack: ExitStack, client: Client
) -> None:
    _, url = start(stack, answering(b"hi", status="418 Teapot", headers="X-A: 1\r\nx-a: 2\r\n"))

    response = client.request("GET", f"{url}/tea?x=1")

    assert (response.status, response.body, response.headers["x-a"]) == (418, b"hi", "1, 2")


def test_a_connection_is_used_again(stack: ExitStack, client: Client) -> None:
    server, url = start(stack, answering(b"hi"))

    for _ in range(3):
        client.request("GET", url)

    assert (server.connections, len(server.heads)) == (1, 3)


def test_a_connection_the_server_closed_is_not_used_again(stack: ExitStack, client: Client) -> None:
    def once(peer: socket.socket, head: bytes) -> None:
        answering(b"hi")(peer, head)
        peer.shutdown(socket.SHUT_RDWR)

    server, url = start(stack, once)
    client.request("GET", url)
    time.sleep(0.05)

    assert client.request("GET", url).body == b"hi"
    assert server.connections == 2


def test_a_name_server_that_changes_its_mind_changes_nothing(stack: ExitStack) -> None:
    asked = []

    def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    server, _ = start(stack, answering(b"hi"))
    client = Client(Guard(("127.0.0.1/32",), resolver=rebinding))
    stack.callback(client.close)
    url = f"http://rebind.example:{server.port}/"

    assert client.request("GET", url).body == b"hi"
    with pytest.raises(Refused, match="loopback"):
        client.request("GET", url)
    assert asked == ["rebind.example"] * 2


def test_the_host_header_is_the_name_and_cannot_be_overridden(stack: ExitStack) -> None:
    server, _ = start(stack, answering(b""))
    client = Client(Guard(LOOPBACK, resolver=lambda _, __: ("127.0.0.1",)))
    stack.callback(client.close)

    client.request("GET", f"http://shop.example:{server.port}/", headers={"Host": "other"})

    assert f"Host: shop.example:{server.port}\r\n".encode() in server.heads[0]
    assert b"other" not in server.heads[0]


def test_the_second_address_is_tried_when_the_first_is_dead(stack: ExitStack) -> None:
    server, _ = start(stack, answering(b"hi"))
    client = Client(Guard(LOOPBACK, resolver=lambda _, __: ("127.0.0.9", "127.0.0.1")))
    stack.callback(client.close)

    assert client.request("GET", f"http://shop.example:{server.port}/").body == b"hi"


def test_a_certificate_is_checked_against_the_name_not_the_address(
    stack: ExitStack, tmp_path: Path
) -> None:
    theirs, ours = certificate("shop.example", tmp_path)
    server = stack.enter_context(serving(answering(b"hi"), theirs))
    guard = Guard(LOOPBACK, resolver=lambda _, __: ("127.0.0.1",))
    client = Client(guard, tls=ours)
    stack.callback(client.close)

    assert client.request("GET", f"https://shop.example:{server.port}/").body == b"hi"
    assert client.request("GET", f"https://shop.example:{server.port}/").body == b"hi"
    assert (server.connections, server.server_names) == (1, ["shop.example"])
    with pytest.raises(Misconfigured, match="certificate"):
        client.request("GET", f"https://other.example:{server.port}/")


def test_a_certificate_nobody_signed_is_not_trusted(stack: ExitStack, tmp_path: Path) -> None:
    theirs, _ = certificate("127.0.0.1", tmp_path)
    server = stack.enter_context(serving(answering(b"hi"), theirs))
    client = Client(Guard(LOOPBACK))

    with pytest.raises(Misconfigured, match="certificate"):
        client.request("GET", f"https://127.0.0.1:{server.port}/")


def test_a_redirect_is_an_answer_and_is_not_followed(stack: ExitStack, client: Client) -> None:
    inner, inner_url = start(stack, answering(b"secret"))
    _, url = start(stack, answering(b"", status="302 Found", headers=f"Location: {inner_url}/\r\n"))

    assert client.request("GET", url).status == 302
    assert inner.connections == 0


def test_the_environments_proxy_is_not_asked(
    stack: ExitStack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, proxy_url = start(stack, answering(b"proxy"))
    _, url = start(stack, answering(b"hi"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy_url)

    assert client.request("GET", url).body == b"hi"
    assert proxy.connections == 0


def test_an_answer_over_the_bound_is_refused_before_it_is_read(
    stack: ExitStack, client: Client
) -> None:
    _, url = start(stack, answering(b"x" * 1001))

    with pytest.raises(Refused, match="more than 1000 bytes"):
        client.request("GET", url, max_bytes=1000)
    assert len(client.request("GET", url, max_bytes=1001).body) == 1001


def test_an_endless_answer_is_refused_at_the_bound(stack: ExitStack, client: Client) -> None:
    def endless(peer: socket.socket, _: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")

    _, url = start(stack, endless)

    with pytest.raises(Refused, match="more than 100000 bytes"):
        client.request("GET", url, max_bytes=100_000)


def test_a_compressed_answer_is_refused_so_that_it_cannot_swell(
    stack: ExitStack, client: Client
) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    server, url = start(stack, answering(bomb, headers="Content-Encoding: gzip\r\n"))

    with pytest.raises(Refused, match="compressed"):
        client.request("GET", url)
    assert b"Accept-Encoding: identity" in server.heads[0]


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_drips_is_left_at_the_deadline(
    stack: ExitStack, client: Client, where: str
) -> None:
    def drip(peer: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        peer.sendall(head if where == "body" else b"HTTP/1.1 200 OK\r\nX-")
        while not server.stopping.wait(0.02):
            peer.sendall(b"x")

    server, url = start(stack, drip)
    started = time.monotonic()

    with pytest.raises(Transient, match="in time"):
        client.request("GET", url, timeout=0.3)
    assert 0.25 < time.monotonic() - started < 2


def test_a_server_that_says_nothing_is_left_at_the_deadline(
    stack: ExitStack, client: Client
) -> None:
    server, url = start(stack, lambda _, __: server.stopping.wait(5))

    with pytest.raises(Transient, match="in time"):
        client.request("GET", url, timeout=0.2)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
        b"HTTP/1.1 2",
        b"",
    ],
)
def test_an_answer_broken_off_is_never_a_short_answer(
    stack: ExitStack, client: Client, said: bytes
) -> None:
    def breaking(peer: socket.socket, _: bytes) -> None:
        peer.sendall(said)
        peer.shutdown(socket.SHUT_RDWR)

    _, url = start(stack, breaking)

    with pytest.raises((Transient, Refused)):
        client.request("GET", url)


def test_an_answer_that_ends_when_the_server_hangs_up_says_so(
    stack: ExitStack, client: Client
) -> None:
    def old_fashioned(peer: socket.socket, _: bytes) -> None:
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\nabc")
        peer.shutdown(socket.SHUT_RDWR)

    _, url = start(stack, old_fashioned)
    _, framed_url = start(stack, answering(b""))

    response = client.request("GET", url)

    assert (response.body, response.framed) == (b"abc", False)
    assert client.request("GET", framed_url).framed


def test_what_is_not_http_is_refused(stack: ExitStack, client: Client) -> None:
    def smtp(peer: socket.socket, _: bytes) -> None:
        peer.sendall(b"220 mail.example ESMTP\r\n")

    _, url = start(stack, smtp)

    with pytest.raises(Refused, match="HTTP"):
        client.request("GET", url)


def test_a_closed_port_may_open_later(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(Transient) as error:
        client.request("POST", f"http://127.0.0.1:{port}/ann?q=ann", body=b"ann")
    assert "ann" not in str(error.value)
    assert error.value.__context__ is None


def test_a_header_cannot_smuggle_another(client: Client, stack: ExitStack) -> None:
    server, url = start(stack, answering(b"hi"))

    with pytest.raises(Refused, match="header"):
        client.request("GET", url, headers={"X-A": "1\r\nX-B: ann"})
    assert server.heads == []
