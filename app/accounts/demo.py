"""The fictitious organisations and people of demo mode, and their keys."""

import secrets
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.keys import make_key
from app.accounts.models import ApiKey, Organisation, Person
from app.kit import clock


@dataclass(frozen=True, slots=True)
class DemoKey:
    """A key, shown once, and whose it is: ids and a role."""

    key: str
    organisation: str
    person: str
    role: str


_AUTHORS: Final = ("SUBMITTER", "APPROVER")
_ORGANISATIONS: Final = {
    "org_demo_metals": (
        "有色金属工业联合会(演示)",
        "Metals Federation (demo)",
        _AUTHORS,
    ),
    "org_demo_chemicals": (
        "化学工业协会(演示)",
        "Chemicals Association (demo)",
        _AUTHORS,
    ),
    "org_demo_secretariat": (
        "因子库秘书处(演示)",
        "Factor Secretariat (demo)",
        ("SECRETARIAT",),
    ),
    "org_demo_institute": (
        "低碳研究院(演示)",
        "Low-Carbon Institute (demo)",
        ("REVIEWER",),
    ),
    "org_demo_university": (
        "东湖大学(演示)",
        "Donghu University (demo)",
        ("REVIEWER",),
    ),
    "org_demo_certifier": (
        "绿标认证中心(演示)",
        "Green Mark Certifiers (demo)",
        ("REVIEWER",),
    ),
    "org_demo_authority": (
        "国家因子库管理局(演示)",
        "Factor Authority (demo)",
        ("PUBLISHER", "ADMIN"),
    ),
    "org_demo_auditor": (
        "明镜审计事务所(演示)",
        "Clear Mirror Auditors (demo)",
        ("AUDITOR",),
    ),
    "org_demo_enterprise": (
        "江南铝制品公司(演示)",
        "Jiangnan Aluminium (demo)",
        ("CONSUMER",),
    ),
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
_NO_MANAGERS: Final = frozenset({"submitter", "submitter_b", "publisher_2"})


async def create_demo_accounts(session: AsyncSession) -> dict[str, DemoKey]:
    """Give every person of the demonstration a new key, and revoke the former ones."""
    people = await ensure_demo_people(session)
    revoked = sa.update(ApiKey).where(
        ApiKey.person_id.in_(people.values()), ApiKey.revoked_at.is_(None)
    )
    await session.execute(revoked.values(revoked_at=clock.now()))
    return {name: _issue(session, name, person) for name, person in people.items()}


async def ensure_demo_people(session: AsyncSession) -> dict[str, str]:
    """Make organisations and people where they do not exist yet.

    Those that an older version made get the roles and managers that they lack. Returns
    the pseudonymous ids by the names of the keys.
    """
    await _ensure_organisations(session)
    return await _ensure_people(session)


async def _ensure_organisations(session: AsyncSession) -> None:
    rows = await session.scalars(sa.select(Organisation))
    known = {row.id: row for row in rows}
    for id_, (zh, en, roles) in _ORGANISATIONS.items():
        if id_ not in known:
            made = Organisation(id=id_, name_zh=zh, name_en=en, roles=list(roles))
            session.add(made)
        elif not known[id_].roles:
            known[id_].roles = list(roles)
    # People refer to organisations by id alone, so the order has to be made.
    await session.flush()


async def _ensure_people(session: AsyncSession) -> dict[str, str]:
    rows = await session.scalars(
        sa.select(Person).where(Person.organisation_id.in_(_ORGANISATIONS))
    )
    known = {row.name: row for row in rows}
    managed = {row.organisation_id for row in known.values() if row.is_manager}
    found: dict[str, str] = {}
    for key, (organisation, role, name) in _PEOPLE.items():
        person = known.get(name + _DEMO)
        if person is None:
            person = Person(
                id=f"p_{secrets.token_hex(8)}",
                organisation_id=organisation,
                name=name + _DEMO,
                role=role,
            )
            session.add(person)
        if organisation not in managed:
            person.is_manager = key not in _NO_MANAGERS
        found[key] = person.id
    await session.flush()
    return found


def _issue(session: AsyncSession, name: str, person_id: str) -> DemoKey:
    organisation, role, _ = _PEOPLE[name]
    key, text = make_key(person_id, at=clock.now(), kind="demo")
    session.add(key)
    return DemoKey(text, organisation, person_id, role)
