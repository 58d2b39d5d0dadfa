"""Every act that appends to the log says in its event to which entries it led."""

import sqlalchemy as sa

from app.kit.database import Sessions
from app.translog.models import LogEntry
from tests.factories import submissions as steps
from tests.factories.factors import document
from tests.factories.people import Answer, People, people

REASON = {"reason": "说明"}


async def act_on(everybody: People, path: str, body: Answer) -> None:
    """Propose an act, and confirm it where that is needed."""
    act = await everybody.done("publisher", path, body)
    if act["log_index"] is None:
        await everybody.done("publisher_2", f"/acts/{act['act_id']}/confirm")


async def perform_all(everybody: People) -> None:
    """Publish by all roads, several at once, and change status in every way."""
    made = await steps.published(everybody, steps.item(), steps.item(zh="乙"))
    codes = [each["code"] for each in made["items"]]
    retirement = {"type": "RETIREMENT", "factor": codes[1], "reason": "停产"}
    await steps.published(everybody, steps.item(zh="丙"), retirement)
    version = f"/factors/{codes[0]}/versions/1"
    for path in (f"{version}/suspend", f"{version}/reinstate", f"{version}/void"):
        await act_on(everybody, path, REASON)
    items = [document(zh="丁"), document(zh="戊"), document(zh="己")]
    await act_on(
        everybody, "/publications", {"road": "IMPORT", "items": items, **REASON}
    )
    await act_on(everybody, "/releases", {"name": "2026.1", **REASON})


async def test_every_entry_leads_to_one_act(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        await perform_all(everybody)
        async with sessions() as session:
            count = sa.select(sa.func.count()).select_from(LogEntry)
            size = (await session.execute(count)).scalar_one()

        found = []
        for index in range(size):
            path = f"/audit/events?log_index={index}"
            (event,) = (await everybody.get("nobody", path)).json()["items"]
            assert event["after"]["first_log_index"] <= index <= event["log_index"]
            found.append(event["act"])

        assert found == [
            *["PUBLISH"] * 4,
            "SUSPEND",
            *["CONFIRM"] * 2,
            *["CONFIRM"] * 3,
            "CONFIRM",
        ]
        none = await everybody.get("nobody", f"/audit/events?log_index={size}")
        assert none.json()["items"] == []


async def test_acts_that_append_nothing_name_no_entry(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        await perform_all(everybody)

        path = "/audit/events?limit=500"
        every = (await everybody.get("auditor", path)).json()["items"]

        acts = {each["act"] for each in every if each["log_index"] is not None}
        assert acts == {"PUBLISH", "SUSPEND", "CONFIRM"}
        assert all(
            each["log_index"] is not None for each in every if each["act"] in acts
        )
