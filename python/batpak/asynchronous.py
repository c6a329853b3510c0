"""Calls that wait for the disk, as awaitables: each runs in the event loop's own executor. Since 0.1."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial, wraps
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


async def in_executor(call: Callable[[], R]) -> R:
    """Runs the call in a thread of the event loop's executor."""
    return await asyncio.get_running_loop().run_in_executor(None, call)


def awaitable(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """The method, run in the executor. Its documentation is that of the method."""

    @wraps(method)
    async def run(self: S, /, *arguments: P.args, **options: P.kwargs) -> R:
        return await in_executor(partial(method, self, *arguments, **options))

    run.__name__ = f"{method.__name__}_async"
    run.__qualname__ = f"{method.__qualname__}_async"
    run.__doc__ = (f"As `{method.__name__}`, in the event loop's executor. Cancelling the wait does not undo the call: "
                   "it runs to its end, and what it appends stays.")
    return run


class AsyncClosing(Protocol):
    """What can be closed without blocking the event loop."""

    def close_async(self) -> Awaitable[None]:
        """Closes it in the executor."""


C = TypeVar("C", bound=AsyncClosing)


class Opening(Generic[C]):
    """A store that is about to be opened: `await` it, or enter it with `async with`, which closes it at the end."""

    __slots__ = ("_call", "_opened")

    def __init__(self, call: Callable[[], C]) -> None:
        self._call = call
        self._opened: C | None = None

    def __await__(self) -> Generator[Any, None, C]:
        return in_executor(self._call).__await__()

    async def __aenter__(self) -> C:
        self._opened = await self
        return self._opened

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        if self._opened is not None:
            await self._opened.close_async()


def opening(call: Callable[P, C]) -> Callable[P, Opening[C]]:
    """The function that opens, as one whose answer can be awaited."""

    @wraps(call)
    def begin(*arguments: P.args, **options: P.kwargs) -> Opening[C]:
        return Opening(partial(call, *arguments, **options))

    begin.__name__ = begin.__qualname__ = f"{call.__name__}_async"
    begin.__doc__ = (f"As `{call.__name__}`, in the event loop's executor: await the answer, or enter it with "
                     "`async with`, which closes the store at the end.")
    return begin
