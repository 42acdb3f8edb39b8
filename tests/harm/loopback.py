"""What `cancelled_handler` talks to, all of it on the loopback: its clients, a bank, a line."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn

__all__ = ["Bank", "Line", "asked", "reply", "serving"]


@dataclass
class Bank:
    """A bank on the loopback that answers as soon as it is open; `questions` counts those asked."""

    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    questions: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[tuple[str, int]]:
        """Its address."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = await reader.readline()
        self.questions.release()
        await self.is_open.wait()
        writer.write(b"yes: " + question)
        writer.close()


@dataclass
class Line:
    """A line to a PostgreSQL server's socket that holds its answers back while it is not open."""

    dsn: str
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """The server's address at this end."""
        server = await asyncio.start_server(self._linked, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        parts = urlsplit(self.dsn)
        try:
            yield f"postgresql://{parts.username}@{host}:{port}{parts.path}"
        finally:
            server.close()

    async def _linked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self.dsn)
        path = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.{parts.port or 5432}"
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        there = asyncio.create_task(_passed(reader, far_writer))
        try:
            await _passed(far_reader, writer, self.is_open)
        finally:
            there.cancel()
            far_writer.close()


async def _passed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, when: asyncio.Event | None = None
) -> None:
    """Hand on what comes, in its time, until one end hangs up."""
    try:
        while data := await reader.read(65536):
            if when is not None:
                await when.wait()
            writer.write(data)
    except ConnectionError:
        pass  # Whoever goes away takes the line with him.
    finally:
        writer.close()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port of a server on the loopback that runs an ASGI application."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def reply(port: int, method: str, path: str) -> tuple[int, str]:
    """The status and the text that the server on that port gives."""
    reader, writer = await asked(port, method, path)
    try:
        head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
    finally:
        writer.close()
    return int(head.split()[1]), text


async def asked(
    port: int, method: str, path: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both ends of a connection over which a request has been sent, in HTTP/1.0."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.0\r\nContent-Length: 0\r\n\r\n".encode())
    return reader, writer
