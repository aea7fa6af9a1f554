"""Reads that arrive while another of their kind is being answered, asked of the database together.

A read by key costs PostgreSQL little; what surrounds it (the round trip, the transaction, the durable commit of the
audit row, the changes of process) costs several times as much, and is the same for one as for ten. So whoever asks alone
is answered at once; those who come meanwhile gather, and the first of them asks for all. Nobody waits for others to come.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

#: How long one waits for those who were before, in seconds; then it asks by itself.
PATIENCE = 0.05

Key = TypeVar("Key", bound=Hashable)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Waiting(Generic[Asked, Answer]):
    __slots__ = ("answer", "asked", "leads", "woken")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.answer: Answer | None = None
        #: Whether it is the one that asks for all who wait.
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()


class Gathering(Generic[Key, Asked, Answer]):
    """Asks one by one or together, whichever comes.

    `alone(key, asked)` answers one; `together(key, several)` answers those it can, in their order, and has None for the
    others, which are then asked alone. Only those of the same key are asked together.
    """

    def __init__(
        self,
        alone: Callable[[Key, Asked], Answer | None],
        together: Callable[[Key, Sequence[Asked]], Sequence[Answer | None]],
    ) -> None:
        self._alone = alone
        self._together = together
        self._lock = threading.Lock()
        # Who waits, by key. A key is here as long as somebody asks for it.
        self._lines: dict[Key, list[_Waiting[Asked, Answer]]] = {}

    def ask(self, key: Key, asked: Asked) -> Answer | None:
        """Return the answer, as `alone` would give it."""
        with self._lock:
            line = self._lines.get(key)
            if line is None:
                self._lines[key] = []
            else:
                mine = _Waiting[Asked, Answer](asked)
                line.append(mine)
        if line is None:
            try:
                return self._alone(key, asked)
            finally:
                self._pass_on(key)
        if not mine.woken.acquire(timeout=PATIENCE) and not self._stays(key, mine):
            return self._alone(key, asked)
        answer = self._for_all(key) if mine.leads else mine.answer
        return self._alone(key, asked) if answer is None else answer

    def _stays(self, key: Key, mine: _Waiting[Asked, Answer]) -> bool:
        """Leave the line, unless somebody asks for it by now: then wait for that."""
        with self._lock:
            line = self._lines.get(key, [])
            if mine in line and not mine.leads:
                line.remove(mine)
                return False
        mine.woken.acquire()
        return True

    def _for_all(self, key: Key) -> Answer | None:
        """Ask for all who have gathered by now; the caller is the first of them."""
        with self._lock:
            turn, self._lines[key] = self._lines[key], []
        answers: Sequence[Answer | None] = []
        try:
            if len(turn) > 1:
                answers = self._together(key, [waiting.asked for waiting in turn])
        finally:
            for waiting, answer in zip(turn[1:], answers[1:] or [None] * len(turn), strict=False):
                waiting.answer = answer
                waiting.woken.release()
            self._pass_on(key)
        return answers[0] if answers else None

    def _pass_on(self, key: Key) -> None:
        """Let the first of those who have gathered ask for all of them."""
        with self._lock:
            line = self._lines[key]
            if line:
                line[0].leads = True
                line[0].woken.release()
            else:
                del self._lines[key]
