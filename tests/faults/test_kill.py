"""kill -9 amid every act of the road: what was answered is there, and nothing half.

The real service with its own PostgreSQL, which in every other round dies with it.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest

from app.kit.database import create_engine, create_sessions
from app.kit.embedded import Server
from tests.cli.test_commands import serving
from tests.factories.accounts import events
from tests.factories.submissions import REVIEWERS, VERDICT, item
from tests.faults.acts import DECLARATION
from tests.faults.conftest import SEED, TORTURE, drawing
from tests.faults.inspection import contradictions

UNAVAILABLE = 503


class Step(NamedTuple):
    """One act of the road, and the event that it leaves."""

    who: str
    act: str
    body: Any


def road(people: dict[str, str]) -> list[Step]:
    """Return the acts from a draft to its publication."""
    reviewers = [
        {"person": people[name], "chair": name == REVIEWERS[0]} for name in REVIEWERS
    ]
    return [
        Step("submitter", "create", {"items": [item(zh=f"铝{n}") for n in range(20)]}),
        Step("approver", "submit", {"declaration": True}),
        Step("secretariat", "assign", {"reviewers": reviewers}),
        *(Step(name, "declare", DECLARATION) for name in REVIEWERS),
        *(Step(name, "review", VERDICT) for name in REVIEWERS),
        Step("reviewer_1", "pass", {}),
        Step("publisher", "open_notice", {}),
        Step("secretariat", "clear", {}),
        Step("publisher", "approve", {}),
        Step("publisher_2", "publish", {}),
    ]


# The acts that write most; the others come with `make torture`.
FEW = frozenset({"create", "submit", "publish"})


class Service:
    """The service of one data directory, started again after each end."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        self.data_dir, self.log = data_dir, log
        self.keys: dict[str, dict[str, str]] = {}
        # How long an act lately took on a fresh service: the kill comes within that.
        self.seconds = 0.05
        self._running = ExitStack()

    def start(self) -> None:
        """Start it and wait until it answers."""
        started = serving(self.log, TANYIN_DATA_DIR=str(self.data_dir))
        self.process, base = self._running.enter_context(started)
        self.client = self._running.enter_context(
            httpx.Client(base_url=f"{base}/v1", timeout=30)
        )
        text = (self.data_dir / "demo_keys.json").read_text("utf-8")
        self.keys = json.loads(text)["keys"]

    def stop(self) -> None:
        """End it, dead or alive."""
        self._running.close()

    def kill(self, *, database: bool) -> None:
        """Kill it at once, and its PostgreSQL with it if wanted."""
        postmaster = int(self._status()[0])
        if database:
            os.kill(postmaster, signal.SIGKILL)
        self.process.kill()

    def post(self, step: Step, path: str, key: str) -> httpx.Response:
        """Send the request of *step* with a key by which it may be repeated."""
        headers = {
            "Authorization": f"Bearer {self.keys[step.who]['key']}",
            "Idempotency-Key": key,
        }
        return self.client.post(path, json=step.body, headers=headers)

    def look(self) -> tuple[int, list[str]]:
        """Return how many events there are, and what does not fit together."""
        url = Server(self.socket_dir()).url("tanyin_app", "tanyin")

        async def look() -> tuple[int, list[str]]:
            engine = create_engine(url)
            sessions = create_sessions(engine)
            found = len(await events(sessions)), await contradictions(sessions)
            await engine.dispose()
            return found

        return asyncio.run(look())

    def socket_dir(self) -> Path:
        """Return where its PostgreSQL listens."""
        return Path(self._status()[4])

    def _status(self) -> list[str]:
        path = self.data_dir / "postgres" / "postmaster.pid"
        return path.read_text("utf-8").splitlines()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Yield a running service; the directory is passable for PostgreSQL's account."""
    with tempfile.TemporaryDirectory(prefix="tanyin-test-") as path:
        Path(path).chmod(0o711)
        service = Service(Path(path, "data"), tmp_path / "log")
        service.start()
        yield service
        service.stop()


def interrupted(
    service: Service, step: Step, path: str, key: str, random: Random
) -> httpx.Response | None:
    """Send a request and kill the service amid it; return what was answered still."""
    answers: list[httpx.Response] = []

    def send() -> None:
        with suppress(httpx.TransportError):
            answers.append(service.post(step, path, key))

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(random.uniform(0, service.seconds))
    service.kill(database=random.random() < 0.5)
    sender.join()
    service.stop()
    if not answers or answers[0].status_code == UNAVAILABLE:
        # The database was gone before the service was: nothing is promised.
        return None
    return answers[0]


def kill_and_repeat(
    service: Service, step: Step, path: str, key: str, random: Random
) -> httpx.Response:
    """Interrupt a request, look at what is there, and send it again."""
    before, _ = service.look()
    told = interrupted(service, step, path, key, random)
    service.start()
    after, wrong = service.look()
    assert wrong == []
    assert told is None or told.is_success, told.text
    assert after in ({before + 1} if told else {before, before + 1})

    again = service.post(step, path, key)
    kept = "kept" if after > before else "gone"
    sys.stdout.write(f"{step.act}: {'answered' if told else 'silent'}, {kept}\n")
    assert again.is_success, again.text
    assert ("idempotent-replay" in again.headers) is (after == before + 1)
    assert told is None or told.content == again.content
    assert service.look() == (before + 1, [])
    if after == before:
        service.seconds = again.elapsed.total_seconds()
    return again


@pytest.mark.database
@pytest.mark.parametrize("number", range(TORTURE))
def test_an_act_is_whole_or_not_there(service: Service, number: int) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    random = drawing(number)
    killed = FEW if TORTURE == 1 else None
    people = {name: each["person"] for name, each in service.keys.items()}
    made: Any = None
    for place, step in enumerate(road(people)):
        path = f"/submissions/{made['id']}/{step.act}" if made else "/submissions"
        if killed is None or step.act in killed:
            answer = kill_and_repeat(service, step, path, str(place), random)
        else:
            answer = service.post(step, path, str(place))
        assert answer.is_success, answer.text
        made = answer.json()
    assert made["state"] == "PUBLISHED"
