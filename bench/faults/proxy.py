"""A TCP proxy on loopback whose cable can be pulled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

_PIECE: Final = 65_536

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Connect: TypeAlias = Callable[[], Awaitable[tuple[Reader, Writer]]]


class Proxy:
    """
    Passes bytes between its port and one server, until told not to.

    Args:
        connect: Opens a connection to the server.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Connect) -> None:
        self._loop, self._connect = loop, connect
        self._open: set[Writer] = set()
        self._whole, self._flows = True, asyncio.Event()
        self.port = 0

    async def listen(self) -> None:
        """Begin."""
        self._flows.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def cut(self, seconds: float) -> None:
        """Drop every connection, and refuse new ones for so long."""
        self._loop.call_soon_threadsafe(self._cut, seconds)

    def stall(self, seconds: float) -> None:
        """Let nothing through for so long; nobody is told."""
        self._loop.call_soon_threadsafe(self._stall, seconds)

    def _cut(self, seconds: float) -> None:
        self._whole = False
        for writer in list(self._open):
            writer.transport.abort()
        self._loop.call_later(seconds, setattr, self, "_whole", True)

    def _stall(self, seconds: float) -> None:
        self._flows.clear()
        self._loop.call_later(seconds, self._flows.set)

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        try:
            there, back = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        finally:
            self._open -= {writer, back}
            for end in (writer, back):
                end.close()

    async def _pass(self, reader: Reader, writer: Writer) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.transport.abort() if not self._whole else writer.close()


@contextmanager
def proxies(**to: Connect) -> Iterator[dict[str, Proxy]]:
    """Yield a running proxy for each server, by name."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxies", daemon=True)
    thread.start()
    made = {name: Proxy(loop, connect) for name, connect in to.items()}
    for one in made.values():
        asyncio.run_coroutine_threadsafe(one.listen(), loop).result(timeout=10)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_ended(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _ended() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def to_socket(path: str) -> Connect:
    """Return what connects to a unix socket."""
    return lambda: asyncio.open_unix_connection(path)


def to_port(port: int) -> Connect:
    """Return what connects to a port of this machine."""
    return lambda: asyncio.open_connection("127.0.0.1", port)
