"""Contents and publications of factor versions, deterministic, keyword overrides."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.content import Content
from app.kit.database import Sessions
from app.publication import service as publication
from app.publication.service import Publication, Published
from app.reference.enums import Road, VersionStatus

Document = dict[str, Any]

PUBLISHERS = ("person-1", "person-2")


def citation(**changes: Any) -> Document:
    """Return a citation of an announcement."""
    document: Document = {
        "title": "关于发布2023年电力碳足迹因子数据的公告",
        "publisher": {"zh": "生态环境部", "en": "Ministry of Ecology and Environment"},
        "document_number": "公告 2025年第3号",
        "date": "2025-01-17",
        "locator": "附件",
        "url": None,
        "evidence_sha256": None,
    }
    return document | changes


def document(**changes: Any) -> Document:
    """Return a content as JSON; `zh` and `en` are its name, `source` its citation."""
    name = {"zh": changes.pop("zh", "电解铝"), "en": changes.pop("en", "Aluminium")}
    content: Document = {
        "name": name,
        "kind": "PCF",
        "category": "ALUMINIUM",
        "value": "16.50",
        "unit": "kgCO2e/kg",
        "gwp_set": "AR6_100",
        "gases": [],
        "boundary": "CRADLE_TO_GATE",
        "stages": [],
        "region": "CN",
        "technology": None,
        "representativeness": "NATIONAL_AVG",
        "reference_year": 2023,
        "year_basis": "STATED",
        "data_period": None,
        "validity": {"first": None, "last": None},
        "uncertainty": None,
        "data_quality": None,
        "properties": [],
        "allocation": None,
        "cut_off": None,
        "sources": [changes.pop("source", citation())],
        "verification": "OFFICIAL_TEXT_SEEN",
        "derivation": [],
        "licence": "公开数据",
        "owner": None,
        "change_reason": None,
        "note": None,
    }
    return content | changes


def content(**changes: Any) -> Content:
    """Return a content; see `document`."""
    return Content.model_validate(document(**changes), strict=False)


def electricity(**changes: Any) -> Content:
    """Return a footprint of electricity."""
    facts: Document = {
        "zh": "全国平均电力",
        "en": "National average electricity",
        "kind": "ENERGY",
        "category": "ELECTRICITY_GRID_NATIONAL",
        "value": "0.6205",
        "unit": "kgCO2e/kWh",
        "boundary": "LIFE_CYCLE",
    }
    return content(**facts | changes)


async def publish(
    session: AsyncSession, *contents: Content, road: Road = Road.AUTHORITY
) -> list[Published]:
    """Publish *contents* in order."""
    return await publication.publish_all(
        session, [Publication(each, road, PUBLISHERS) for each in contents]
    )


async def publish_one(
    sessions: Sessions, road: Road = Road.AUTHORITY, **changes: Any
) -> Published:
    """Publish one content, see `document`, in a transaction of its own."""
    async with sessions.begin() as session:
        return (await publish(session, content(**changes), road=road))[0]


async def change(
    session: AsyncSession,
    code: str,
    status: VersionStatus,
    version: int | None = None,
) -> int:
    """Change the status of a version or of a whole factor; return the log index."""
    return await publication.change_status(
        session, code, version=version, status=status, reason="因测试"
    )


async def change_status(
    sessions: Sessions, code: str, status: VersionStatus, version: int | None = None
) -> int:
    """Change a status in a transaction of its own; return the log index."""
    async with sessions.begin() as session:
        return await change(session, code, status, version)
