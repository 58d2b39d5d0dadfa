"""Keys come from a file or a text, and rotate by an entry of the log."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.kit.database import Sessions
from app.translog import keys, note
from app.translog.keys import BadLogKey, KeySource, NoLogKey
from app.translog.models import LogEntry

ORIGIN = "tanyin.example/log"


def test_a_file_of_keys_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = [keys.add_key(path, ORIGIN) for _ in range(3)]

    source = KeySource(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert list(source.read()) == made
    assert source.stamp() != 0


def test_a_key_may_be_a_text() -> None:
    signer = note.Signer(ORIGIN, note.ED25519, bytes(32))

    assert KeySource(text=signer.private_text).read() == (signer,)
    assert signer.private_text not in repr(KeySource(text=signer.private_text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PRIVATE+KEY+tanyin",
        "something else",
        note.Signer(ORIGIN, note.COSIGNATURE, bytes(32)).private_text,
        note.Signer(ORIGIN, note.ED25519, bytes(32)).private_text.replace("+AQ", "+Ag"),
        "\n".join(
            note.Signer(name, note.ED25519, bytes(32)).private_text
            for name in ("one.example", "two.example")
        ),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(BadLogKey) as refused:
        KeySource(text=text).read()

    assert not text or text not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.add_key(path, ORIGIN)
    path.chmod(0o640)

    with pytest.raises(BadLogKey, match="others may read"):
        KeySource(path).read()


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    with pytest.raises(NoLogKey):
        KeySource().read()
    with pytest.raises(NoLogKey):
        KeySource(tmp_path / "none").stamp()


async def announce(sessions: Sessions, signers: list[note.Signer]) -> None:
    """Announce in a transaction of its own."""
    async with sessions.begin() as session:
        await keys.announce(session, signers)


async def test_later_keys_are_announced_once(
    sessions: Sessions, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    made = [keys.add_key(path, ORIGIN) for _ in range(3)]
    backwards = [made[1], made[0]]
    for signers in (made[:1], made[:2], made, made, made[1:], backwards):
        await announce(sessions, signers)

    async with sessions() as session:
        entries = (await session.scalars(sa.select(LogEntry.record))).all()
        announced = await keys.announced(session)

    vkeys = [each.verifier.vkey for each in made]
    assert [each.vkey for each in announced] == vkeys[1:]
    assert [each.previous for each in announced] == vkeys[:-1]
    assert [set(json.loads(each)) for each in entries] == [
        {"schema", "vkey", "previous", "recorded_at"}
    ] * 2


async def test_a_key_that_nobody_announced_takes_over_nothing(
    sessions: Sessions, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    made = [keys.add_key(path, ORIGIN) for _ in range(2)]
    await announce(sessions, made)
    stranger = keys.add_key(tmp_path / "other", ORIGIN)

    with pytest.raises(BadLogKey, match="announces other keys"):
        await announce(sessions, [stranger])
    async with sessions() as session:
        known = await keys.known(session, [made[1], stranger])
    assert known == (made[1],)
