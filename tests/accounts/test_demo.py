"""Keys and the accounts of the demonstration."""

import re
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import service as accounts
from app.accounts.demo import create_demo_accounts, ensure_demo_people
from app.accounts.models import ApiKey, Organisation, Person
from app.accounts.service import Caller, UnknownKey


async def test_every_key_identifies_its_person(session: AsyncSession) -> None:
    keys = await create_demo_accounts(session)

    for key in keys.values():
        caller = await accounts.identify(session, key.key)
        assert caller == Caller(
            key_id=key.key.split("_")[2],
            person_id=key.person,
            organisation_id=key.organisation,
            role=key.role,
            scopes=("READ", "WRITE", "MANAGE"),
            is_manager=caller.is_manager,
        )


async def test_demo_has_everybody_that_the_workflow_needs(
    session: AsyncSession,
) -> None:
    keys = await create_demo_accounts(session)

    assert {name: key.role for name, key in keys.items()} == {
        "submitter": "SUBMITTER",
        "approver": "APPROVER",
        "submitter_b": "SUBMITTER",
        "approver_b": "APPROVER",
        "secretariat": "SECRETARIAT",
        "reviewer_1": "REVIEWER",
        "reviewer_2": "REVIEWER",
        "reviewer_3": "REVIEWER",
        "publisher": "PUBLISHER",
        "publisher_2": "PUBLISHER",
        "auditor": "AUDITOR",
        "consumer": "CONSUMER",
        "admin": "ADMIN",
    }
    of = {name: key.organisation for name, key in keys.items()}
    assert of["submitter"] == of["approver"] != of["submitter_b"] == of["approver_b"]
    assert of["publisher"] == of["publisher_2"]
    panel = {of[f"reviewer_{number}"] for number in (1, 2, 3)}
    assert len(panel) == 3
    assert not panel & {of["submitter"], of["submitter_b"]}
    assert len({key.person for key in keys.values()}) == len(keys)


async def test_every_role_is_one_of_its_organisation(session: AsyncSession) -> None:
    await create_demo_accounts(session)

    rows = await session.execute(
        sa.select(Person.role, Organisation.roles).join(
            Organisation, Organisation.id == Person.organisation_id
        )
    )
    assert all(role in roles for role, roles in rows)


async def test_every_organisation_has_a_manager(session: AsyncSession) -> None:
    keys = await create_demo_accounts(session)

    names = {key.person: name for name, key in keys.items()}
    managers = await session.scalars(sa.select(Person.id).where(Person.is_manager))
    assert {names[person] for person in managers} == {
        "approver",
        "approver_b",
        "secretariat",
        "reviewer_1",
        "reviewer_2",
        "reviewer_3",
        "publisher",
        "auditor",
        "consumer",
        "admin",
    }


async def test_accounts_of_an_older_version_are_completed(
    session: AsyncSession,
) -> None:
    keys = await create_demo_accounts(session)
    await session.execute(sa.update(Organisation).values(roles=[]))
    await session.execute(sa.update(Person).values(is_manager=False))
    session.expire_all()

    people = await ensure_demo_people(session)

    assert people == {name: key.person for name, key in keys.items()}
    authority = await session.get_one(Organisation, "org_demo_authority")
    assert authority.roles == ["PUBLISHER", "ADMIN"]
    assert (await session.get_one(Person, people["approver"])).is_manager
    assert not (await session.get_one(Person, people["submitter"])).is_manager
    await accounts.identify(session, keys["submitter"].key)


async def test_what_managers_changed_stays(session: AsyncSession) -> None:
    people = await ensure_demo_people(session)
    person = await session.get_one(Person, people["approver"])
    heir = await session.get_one(Person, people["submitter"])
    person.is_manager, heir.is_manager = False, True
    await session.flush()

    await ensure_demo_people(session)

    assert (person.is_manager, heir.is_manager) == (False, True)


async def test_what_is_made_up_says_so(session: AsyncSession) -> None:
    await create_demo_accounts(session)

    for organisation in await session.scalars(sa.select(Organisation)):
        assert "演示" in organisation.name_zh
        assert "demo" in organisation.name_en
    for person in await session.scalars(sa.select(Person)):
        assert "demo" in person.name
        assert re.fullmatch(r"p_[0-9a-f]{16}", person.id)


async def test_keys_are_long_and_stored_as_digests_alone(session: AsyncSession) -> None:
    keys = await create_demo_accounts(session)
    await session.flush()

    stored = {row.id: row for row in await session.scalars(sa.select(ApiKey))}
    for key in keys.values():
        match = re.fullmatch(r"tanyin_demo_([0-9a-f]{12})_([0-9a-f]{64})", key.key)
        assert match
        row = stored[match[1]]
        assert len(row.secret_sha256) == 32
        assert match[2].encode() not in row.secret_sha256
        assert bytes.fromhex(match[2]) != row.secret_sha256


async def test_new_keys_end_the_former_ones(session: AsyncSession) -> None:
    former = await create_demo_accounts(session)
    newer = await create_demo_accounts(session)

    for name, key in newer.items():
        assert key.person == former[name].person
        await accounts.identify(session, key.key)
        with pytest.raises(UnknownKey):
            await accounts.identify(session, former[name].key)


@dataclass(frozen=True, slots=True)
class _Queries:
    """Counts statements, because the time that one takes tells whether it was run."""

    statements: list[str]


async def test_unknown_id_and_wrong_secret_take_the_same_steps(
    session: AsyncSession,
) -> None:
    key = (await create_demo_accounts(session))["auditor"].key
    await session.flush()
    counted = _Queries([])
    connection = (await session.connection()).sync_connection

    @sa.event.listens_for(connection, "before_cursor_execute")
    def count(_connection: object, _cursor: object, text: str, *_: object) -> None:
        counted.statements.append(text)

    for wrong in (key[:-1] + "g", "tanyin_demo_" + "0" * 12 + "_" + "0" * 64, "", "é"):
        with pytest.raises(UnknownKey):
            await accounts.identify(session, wrong)

    assert len(counted.statements) == 4
    assert len(set(counted.statements)) == 1
    sa.event.remove(connection, "before_cursor_execute", count)


async def test_a_revoked_key_is_dead_whatever_the_clock_says(
    session: AsyncSession,
) -> None:
    """A request may have read its own clock before the key was revoked."""
    key = (await create_demo_accounts(session))["auditor"].key
    later = sa.func.now() + sa.text("interval '1 hour'")
    await session.execute(sa.update(ApiKey).values(revoked_at=later))

    with pytest.raises(UnknownKey):
        await accounts.identify(session, key)
