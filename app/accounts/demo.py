"""The fictitious organisations and people of demo mode, and their keys."""

import secrets
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import ApiKey, Organisation, Person
from app.accounts.service import digest
from app.kit import clock


@dataclass(frozen=True, slots=True)
class DemoKey:
    """A key, shown once, and whose it is: ids and a role."""

    key: str
    organisation: str
    person: str
    role: str


_ORGANISATIONS: Final = {
    "org_demo_metals": ("有色金属工业联合会(演示)", "Metals Federation (demo)"),
    "org_demo_chemicals": ("化学工业协会(演示)", "Chemicals Association (demo)"),
    "org_demo_secretariat": ("因子库秘书处(演示)", "Factor Secretariat (demo)"),
    "org_demo_institute": ("低碳研究院(演示)", "Low-Carbon Institute (demo)"),
    "org_demo_university": ("东湖大学(演示)", "Donghu University (demo)"),
    "org_demo_certifier": ("绿标认证中心(演示)", "Green Mark Certifiers (demo)"),
    "org_demo_authority": ("国家因子库管理局(演示)", "Factor Authority (demo)"),
    "org_demo_auditor": ("明镜审计事务所(演示)", "Clear Mirror Auditors (demo)"),
    "org_demo_enterprise": ("江南铝制品公司(演示)", "Jiangnan Aluminium (demo)"),
}
_DEMO: Final = "(演示 demo)"
_PEOPLE: Final = {
    "submitter": ("org_demo_metals", "SUBMITTER", "陈立 Chen Li"),
    "approver": ("org_demo_metals", "APPROVER", "王敏 Wang Min"),
    "submitter_b": ("org_demo_chemicals", "SUBMITTER", "赵强 Zhao Qiang"),
    "approver_b": ("org_demo_chemicals", "APPROVER", "刘芳 Liu Fang"),
    "secretariat": ("org_demo_secretariat", "SECRETARIAT", "周宁 Zhou Ning"),
    "reviewer_1": ("org_demo_institute", "REVIEWER", "孙悦 Sun Yue"),
    "reviewer_2": ("org_demo_university", "REVIEWER", "吴桐 Wu Tong"),
    "reviewer_3": ("org_demo_certifier", "REVIEWER", "郑凯 Zheng Kai"),
    "publisher": ("org_demo_authority", "PUBLISHER", "冯静 Feng Jing"),
    "publisher_2": ("org_demo_authority", "PUBLISHER", "何勇 He Yong"),
    "auditor": ("org_demo_auditor", "AUDITOR", "许明 Xu Ming"),
    "consumer": ("org_demo_enterprise", "CONSUMER", "高洁 Gao Jie"),
    "admin": ("org_demo_authority", "ADMIN", "罗文 Luo Wen"),
}


async def create_demo_accounts(session: AsyncSession) -> dict[str, DemoKey]:
    """Give every person of the demonstration a new key, and revoke the former ones.

    Organisations and people are made where they do not exist yet.
    """
    await _ensure_organisations(session)
    people = await _ensure_people(session)
    revoked = sa.update(ApiKey).where(
        ApiKey.person_id.in_(people.values()), ApiKey.revoked_at.is_(None)
    )
    await session.execute(revoked.values(revoked_at=clock.now()))
    return {name: _issue(session, name, person) for name, person in people.items()}


async def _ensure_organisations(session: AsyncSession) -> None:
    known = set(await session.scalars(sa.select(Organisation.id)))
    for id_, (zh, en) in _ORGANISATIONS.items():
        if id_ not in known:
            session.add(Organisation(id=id_, name_zh=zh, name_en=en))
    # People refer to organisations by id alone, so the order has to be made.
    await session.flush()


async def _ensure_people(session: AsyncSession) -> dict[str, str]:
    """Return the pseudonymous ids of the demo's people by the names of their keys."""
    rows = await session.execute(
        sa.select(Person.name, Person.id).where(
            Person.organisation_id.in_(_ORGANISATIONS)
        )
    )
    known = {row.name: row.id for row in rows}
    for organisation, role, name in _PEOPLE.values():
        full_name = name + _DEMO
        if full_name not in known:
            known[full_name] = f"p_{secrets.token_hex(8)}"
            ids = {"id": known[full_name], "organisation_id": organisation}
            session.add(Person(**ids, name=full_name, role=role))
    await session.flush()
    return {key: known[name + _DEMO] for key, (_, _, name) in _PEOPLE.items()}


def _issue(session: AsyncSession, name: str, person_id: str) -> DemoKey:
    organisation, role, _ = _PEOPLE[name]
    key_id = secrets.token_hex(6)
    key = f"tanyin_demo_{key_id}_{secrets.token_hex(32)}"
    session.add(
        ApiKey(
            id=key_id,
            person_id=person_id,
            secret_sha256=digest(key),
            created_at=clock.now(),
        )
    )
    return DemoKey(key, organisation, person_id, role)
