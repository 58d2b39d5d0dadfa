"""What moves with a candidate, as the panel sees it."""

from typing import Any

from app.kit.database import Sessions
from tests.factories.people import people
from tests.factories.submissions import aluminium, item, passed, published


def update(code: str, value: str) -> dict[str, Any]:
    changed = item(value=value, change_reason="更正")
    return changed | {"type": "CORRECTION", "factor": code}


def derived(zh: str, *origins: str) -> dict[str, Any]:
    content = aluminium(zh=zh, value="20.00", derivation=list(origins))
    return {"type": "NEW", "content": content}


async def test_derived_versions_move_by_their_amounts(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        metal = await published(everybody)
        pin = f"{metal['code']}@1"
        wire = await published(everybody, derived("铝线", f"{pin} * 1100 g"))
        cable = await published(everybody, derived("铝缆", f"{wire['code']}@1 * 2 kg"))

        made = await passed(everybody, update(metal["code"], "17.00"))

        assert [
            (each["code"], each["candidate"], each["change"], each["via"])
            for each in made["impact"]
        ] == [
            (wire["code"], pin, "0.55", []),
            (cable["code"], pin, "1.1", [f"{wire['code']}@1"]),
        ]


async def test_without_amounts_the_movement_is_unknown(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        metal = await published(everybody)
        wire = await published(everybody, derived("铝线", f"{metal['code']}@1"))

        made = await passed(everybody, update(metal["code"], "17.00"))

        (movement,) = made["impact"]
        assert (movement["code"], movement["change"]) == (wire["code"], None)


async def test_a_new_factor_moves_nothing(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        assert (await passed(everybody))["impact"] == []
