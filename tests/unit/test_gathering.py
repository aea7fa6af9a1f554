"""Who asks while another is being answered is asked for together with the others, and nobody is forgotten."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from digione.rest import gathering
from digione.rest.gathering import Gathering


class Source:
    """Answers in upper case. What begins with a dash it cannot answer together; the first question waits for `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[tuple[str, ...]] = []
        self.fault: Exception | None = None
        self.gathering: Gathering[str, str, str] = Gathering(self.alone, self.together)

    def alone(self, key: str, asked: str) -> str:
        self.asked.append((key, asked))
        if asked == "first":
            assert self.go.wait(10)
        if asked == "broken":
            raise ValueError(asked)
        return f"{key}:{asked.upper()}"

    def together(self, key: str, several: Sequence[str]) -> list[str | None]:
        self.asked.append((key, *several))
        if self.fault:
            raise self.fault
        return [None if asked.startswith("-") else f"{key}:{asked.upper()}" for asked in several]

    def waiting(self, key: str = "a") -> int:
        """How many stand in the line of `key`."""
        return len(self.gathering._lines.get(key, ()))

    def queued(self, pool: ThreadPoolExecutor, asked: Sequence[str], first: str = "first") -> list[Future[str | None]]:
        """Ask for the first, and for the others once it is being answered, in their order."""
        answers = [pool.submit(self.gathering.ask, "a", first)]
        _until(lambda: len(self.asked) == 1)
        for count, each in enumerate(asked, 1):
            answers.append(pool.submit(self.gathering.ask, "a", each))
            _until(lambda n=count: self.waiting() == n)
        return answers


def _until(true: Callable[[], bool]) -> None:
    ends = monotonic() + 10
    while not true():
        assert monotonic() < ends
        sleep(0.001)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(gathering, "PATIENCE", 10)
    return Source()


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8)


def test_who_asks_alone_is_answered_at_once(source: Source) -> None:
    assert source.gathering.ask("a", "one") == "a:ONE"
    assert source.gathering.ask("a", "two") == "a:TWO"
    assert source.asked == [("a", "one"), ("a", "two")]
    assert source.waiting() == 0


def test_who_comes_meanwhile_is_asked_for_together(source: Source, pool: ThreadPoolExecutor) -> None:
    answers = source.queued(pool, ["x", "y", "z"])
    # Another key waits for nobody.
    assert source.gathering.ask("b", "own") == "b:OWN"
    source.go.set()
    assert [answer.result(10) for answer in answers] == ["a:FIRST", "a:X", "a:Y", "a:Z"]
    assert source.asked == [("a", "first"), ("b", "own"), ("a", "x", "y", "z")]
    assert source.gathering._lines == {}


def test_one_who_waited_alone_is_asked_for_alone(source: Source, pool: ThreadPoolExecutor) -> None:
    answers = source.queued(pool, ["x"])
    source.go.set()
    assert [answer.result(10) for answer in answers] == ["a:FIRST", "a:X"]
    assert source.asked == [("a", "first"), ("a", "x")]


def test_what_cannot_be_told_together_is_asked_alone(source: Source, pool: ThreadPoolExecutor) -> None:
    answers = source.queued(pool, ["-x", "y", "-z"])
    source.go.set()
    assert [answer.result(10) for answer in answers] == ["a:FIRST", "a:-X", "a:Y", "a:-Z"]
    assert sorted(source.asked[2:]) == [("a", "-x"), ("a", "-z")]


def test_a_fault_reaches_who_asked_and_leaves_nobody_waiting(source: Source, pool: ThreadPoolExecutor) -> None:
    source.fault = RuntimeError("gone")
    answers = source.queued(pool, ["x", "y", "z"])
    source.go.set()
    assert [answer.result(10) for answer in (answers[0], *answers[2:])] == ["a:FIRST", "a:Y", "a:Z"]
    with pytest.raises(RuntimeError, match="gone"):
        answers[1].result(10)
    with pytest.raises(ValueError, match="broken"):
        source.gathering.ask("a", "broken")
    assert source.gathering._lines == {}
    assert source.gathering.ask("a", "next") == "a:NEXT"


def test_nobody_waits_long_for_one_that_hangs(
    source: Source, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "PATIENCE", 0.02)
    first = pool.submit(source.gathering.ask, "a", "first")
    _until(lambda: len(source.asked) == 1)
    others = [pool.submit(source.gathering.ask, "a", each) for each in ("x", "y")]
    assert [other.result(10) for other in others] == ["a:X", "a:Y"]
    assert not first.done()
    source.go.set()
    assert first.result(10) == "a:FIRST"
    assert source.gathering._lines == {}


def test_many_threads_each_get_their_own_answer(source: Source, pool: ThreadPoolExecutor) -> None:
    source.go.set()
    wanted = [str(number) for number in range(2000)]
    assert list(pool.map(lambda each: source.gathering.ask("a", each), wanted)) == [f"a:{each}" for each in wanted]
    assert sorted(each for asked in source.asked for each in asked[1:]) == sorted(wanted), "Each was asked for once."
    assert source.gathering._lines == {}
