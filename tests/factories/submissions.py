"""Submissions on their way, by the demonstration's people over HTTP."""

from typing import Any

from tests.factories.factors import Document, citation, document
from tests.factories.people import Answer, People

REVIEWERS = ("reviewer_1", "reviewer_2", "reviewer_3")
SCORES = {"ter": "2", "ger": "1", "tir": "2", "p": "1.5"}
VERDICT = {"verdict": "PASS", "scores": SCORES}


def aluminium(**changes: Any) -> Document:
    """Return a content that no automatic check blocks."""
    facts: Document = {
        "source": citation(
            title="2024年电解铝行业碳足迹调查报告",
            publisher={"zh": "有色金属工业联合会", "en": "Metals Federation"},
            document_number="有色协〔2026〕8号",
            date="2026-03-02",
            evidence_sha256="0" * 64,
        ),
        "reference_year": 2024,
        "verification": "SUBMITTED",
        "representativeness": "INDUSTRY_AVG",
    }
    return document(**facts | changes)


def item(**changes: Any) -> Document:
    """Return a new item."""
    return {"type": "NEW", "content": aluminium(**changes)}


async def draft(people: People, *items: Document, by: str = "submitter") -> Answer:
    """Make a draft of one item unless others are given."""
    return await people.done(by, "/submissions", {"items": list(items) or [item()]})


async def submitted(people: People, *items: Document) -> Answer:
    """Return a submission in state SUBMITTED."""
    return await submit(people, await draft(people, *items))


async def submit(people: People, made: Answer) -> Answer:
    """Hand a draft in."""
    path = f"/submissions/{made['id']}/submit"
    return await people.done("approver", path, {"declaration": True})


async def in_review(people: People, *items: Document, declared: bool = True) -> Answer:
    """Return a submission in state IN_REVIEW; reviewer_1 has the chair."""
    made = await submitted(people, *items)
    return await assign(people, made, declared=declared)


async def assign(people: People, made: Answer, *, declared: bool = True) -> Answer:
    """Appoint the panel."""
    path = f"/submissions/{made['id']}"
    panel = [
        {"person": people.id(name), "chair": name == REVIEWERS[0]} for name in REVIEWERS
    ]
    made = await people.done("secretariat", f"{path}/assign", {"reviewers": panel})
    if declared:
        for name in REVIEWERS:
            body = {"conflict": False, "text": "无利益冲突"}
            await people.done(name, f"{path}/declare", body)
    return made


async def passed(people: People, *items: Document) -> Answer:
    """Return a submission in state PASSED."""
    return await pass_(people, await in_review(people, *items))


async def pass_(people: People, made: Answer) -> Answer:
    """Sign all reviews, and pass."""
    path = f"/submissions/{made['id']}"
    for name in REVIEWERS:
        await people.done(name, f"{path}/review", VERDICT)
    return await people.done("reviewer_1", f"{path}/pass")


async def on_notice(people: People, *items: Document) -> Answer:
    """Return a submission in state ON_NOTICE."""
    made = await passed(people, *items)
    return await people.done("publisher", f"/submissions/{made['id']}/open_notice")


async def cleared(people: People, *items: Document) -> Answer:
    """Return a submission in state CLEARED."""
    return await clear(people, await passed(people, *items))


async def clear(people: People, made: Answer) -> Answer:
    """Put on notice, and clear."""
    path = f"/submissions/{made['id']}"
    await people.done("publisher", f"{path}/open_notice")
    return await people.done("secretariat", f"{path}/clear")


async def published(people: People, *items: Document) -> Answer:
    """Return a submission in state PUBLISHED."""
    return await publish(people, await cleared(people, *items))


async def publish(people: People, made: Answer) -> Answer:
    """Give both signatures."""
    path = f"/submissions/{made['id']}"
    await people.done("publisher", f"{path}/approve")
    return await people.done("publisher_2", f"{path}/publish")
