import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.verify import main
from tests.verify.world import KEY, Server, World, ordinary_log, released, serving

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def world(server: Server) -> World:
    """A service with nine entries, the last of which is a release."""
    log = ordinary_log()
    files = released(log, "2026.1", [(5, "PUBLISHED"), (7, "RETIRED")])
    server.world = World(log, len(log.entries), files)
    return server.world


@pytest.fixture
def run(
    server: Server,
    world: World,  # noqa: ARG001 - what the server answers
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Run:
    """Call the tool against the server; return exit code and JSON answer."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, key: str = KEY.verifier.vkey) -> tuple[int, Any]:
        trusted = [] if "--key" in arguments else ["--key", key]
        given = {"--mirror", "--url"} & {*arguments}
        where = [] if given else ["--url", server.url]
        if "offline" in arguments:
            where, arguments = [], tuple(a for a in arguments if a != "offline")
        code = main([*arguments, *trusted, *where, "--json"])
        printed = capsys.readouterr().out
        answer = json.loads(printed)
        # Whoever reads only this word must not be wrong.
        assert ("verified" in printed.lower()) == (code == 0)
        assert answer["exit"] == code
        return code, answer

    return call
