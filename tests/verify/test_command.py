"""What a person sees, and what the tool needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.verify import main
from app.verify.verdicts import MEANINGS
from tests.verify.world import CODE, KEY, WITNESSES, Answer, Server, World

ROOT = Path(__file__).parents[2]
DOCUMENTATION = (ROOT / "docs" / "auditor.md").read_text("utf-8")
TRUSTED = ["--key", KEY.verifier.vkey]


@pytest.mark.usefixtures("world")
def test_lines_say_what_was_done(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["version", f"{CODE}@2", "--url", server.url, *TRUSTED])

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "checkpoint"],
        ["--", "witnesses"],
        ["ok", "record"],
        ["ok", "inclusion"],
        ["ok", "statement"],
        ["--", "status"],
        ["--", "age"],
        ["VERIFIED", "version"],
    ]


def test_a_refusal_is_the_last_line_and_never_says_verified(
    server: Server, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.instead[f"/v1/factors/{CODE}/versions/2/record"] = Answer(b"{}")
    code = main(["version", f"{CODE}@2", "--url", server.url, *TRUSTED])

    printed = capsys.readouterr().out
    assert code == 3
    assert "verified" not in printed.lower()
    assert printed.splitlines()[-1].startswith("REFUSED (exit 3: a hash")


def test_what_a_log_says_cannot_move_the_cursor(
    server: Server, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = {"name": {"zh": "\x1b[2J\rVERIFIED"}, "value": "1", "unit": "kg\n"}
    world.log.version(CODE, 4, world.log.entries[5], content=hostile)
    world.size = 10
    main(["version", f"{CODE}@4", "--url", server.url, *TRUSTED])

    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\r" not in printed
    assert sum(line.startswith("VERIFIED") for line in printed.splitlines()) == 1


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["monitor", "--help"]):
        assert main(arguments) == 0
        printed = capsys.readouterr().out
        assert all(f"{code:d}  {text}" in printed for code, text in MEANINGS.items())


def test_the_documentation_tells_the_exit_codes() -> None:
    for code, text in MEANINGS.items():
        assert f"| {code:d} | {text} |" in DOCUMENTATION


@pytest.mark.parametrize(
    "check", ["checkpoint", "version", "history", "release", "receipt", "monitor"]
)
def test_the_documentation_names_every_option(
    check: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([check, "--help"])
    words = re.split(r"[\s\[\],;]+", capsys.readouterr().out)

    for option in {word for word in words if word.startswith("--")}:
        assert f"`{option}" in DOCUMENTATION, option


def test_it_needs_nothing_but_cryptography() -> None:
    """An auditor need not install the service to check it."""
    code = (
        "import sys, app.verify;"
        "print(*{name.partition('.')[0] for name in sys.modules}"
        " - sys.stdlib_module_names)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()

    assert {name for name in found if not name.startswith("_")} <= {
        "app",
        "cryptography",
        "google",  # namespace packages that a .pth file of the environment makes
    }


def test_it_is_a_program(world: World, server: Server) -> None:
    world.log.witnesses = WITNESSES
    witness = ["--witness", WITNESSES[0].verifier.vkey]
    arguments = ["checkpoint", "--url", server.url, *TRUSTED, *witness]
    # Where the terminal has no Chinese, either.
    found = subprocess.run(
        [sys.executable, "-m", "app.verify", *arguments],
        cwd=ROOT,
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (found.returncode, found.stderr) == (0, "")
    assert "w0.example" in found.stdout
