"""`tanyin admin`: the first administrator of an installation."""

import asyncio
import os
from typing import Annotated, Final

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import keys, organisations
from app.accounts.models import Person
from app.accounts.schemas import ManagerDraft, OrganisationDraft
from app.audit.service import Actor, Trail
from app.kit.database import create_engine, create_sessions
from app.kit.errors import Conflict
from app.kit.schemas import BilingualName
from app.reference.enums import Role
from app.settings import BadSetting, from_environment

commands: Final = typer.Typer(
    help="The first administrator.", no_args_is_help=True, add_completion=False
)
# Whoever holds the database's URL acts; there is nobody else yet.
_OPERATOR: Final = Actor(
    person_id="operator", role=Role.ADMIN, organisation_id="", request_id="cli"
)


class AdministratorExists(Conflict):
    en = "There is an administrator already; organisations are made over the API."
    zh = "已有系统管理员;请通过接口建立机构。"


@commands.callback()
def admin() -> None:
    """Set an installation up."""


@commands.command()
def create(
    name: Annotated[str, typer.Option(help="Of the person.")],
    organisation_zh: Annotated[str, typer.Option(help="The authority, in Chinese.")],
    organisation_en: Annotated[str, typer.Option(help="The same in English.")],
) -> None:
    """Create the authority with its first administrator, and print the key once."""
    settings = from_environment(os.environ)
    if settings.database_url is None:
        rule = "names the database; the demonstration has its own administrator"
        raise BadSetting(name="TANYIN_DATABASE_URL", rule=rule)
    draft = OrganisationDraft(
        name=BilingualName(zh=organisation_zh, en=organisation_en),
        roles=(Role.ADMIN, Role.PUBLISHER),
        manager=ManagerDraft(name=name, role=Role.ADMIN),
    )
    print(asyncio.run(_create(settings.database_url, draft)))


async def _create(url: str, draft: OrganisationDraft) -> str:
    engine = create_engine(url)
    async with create_sessions(engine).begin() as session:
        key = await _first(session, draft)
    await engine.dispose()
    return key


async def _first(session: AsyncSession, draft: OrganisationDraft) -> str:
    known = await session.scalar(
        sa.select(sa.func.count()).where(Person.role == Role.ADMIN)
    )
    if known:
        raise AdministratorExists
    trail = Trail(session, _OPERATOR)
    made = await organisations.create_organisation(trail, draft)
    manager = await organisations.admit(trail, made, draft.manager, is_manager=True)
    _, text = keys.issue_key(trail, manager.id)
    return text
