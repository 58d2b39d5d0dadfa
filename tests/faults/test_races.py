"""Many at once: one of them wins, the others hear why, nothing is left half done."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.audit.models import Event
from app.factors.models import FactorVersion
from app.kit.database import Sessions
from app.submissions.models import Submission
from tests.factories.factors import Document
from tests.factories.people import Answer, People
from tests.factories.submissions import (
    VERDICT,
    cleared,
    in_review,
    item,
    on_notice,
    passed,
    published,
)
from tests.faults.conftest import TORTURE
from tests.faults.inspection import contradictions, traces_of

pytestmark = pytest.mark.committed
CROWD = 64
UPDATES = 24 * TORTURE


async def at_once(
    requests: Iterable[Coroutine[Any, Any, httpx.Response]],
) -> list[httpx.Response]:
    return await asyncio.gather(*requests)


def statuses(answers: Iterable[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def update(of: Answer, value: str) -> Document:
    """Return an item that gives a published factor another value."""
    changed = item(value=value, change_reason="年度更新")
    return changed | {"type": "UPDATE", "factor": of["code"]}


async def signed(people: People, *items: Document) -> str:
    """Return the path of a submission that only the second publisher has to sign."""
    made = await cleared(people, *items)
    path = f"/submissions/{made['id']}"
    await people.done("publisher", f"{path}/approve")
    return path


async def test_a_submission_is_published_once(
    everybody: People, sessions: Sessions
) -> None:
    path = await signed(everybody, item(), item(zh="再生铝", en="Recycled"))

    answers = await at_once(
        everybody.post("publisher_2", f"{path}/publish") for _ in range(CROWD)
    )

    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    refused = {each.json()["code"] for each in answers if each.status_code == 409}
    assert refused == {"WRONG_STATE"}
    assert await contradictions(sessions) == []
    async with sessions() as session:
        rows = await session.scalars(sa.select(FactorVersion.version))
        assert list(rows) == [1, 1]


async def test_updates_of_one_factor_follow_each_other(
    everybody: People, sessions: Sessions
) -> None:
    first = await published(everybody)
    values = [f"16.{number:03}" for number in range(501, 501 + UPDATES)]
    paths = await asyncio.gather(
        *(signed(everybody, update(first, value)) for value in values)
    )

    answers = await at_once(
        everybody.post("publisher_2", f"{path}/publish") for path in paths
    )

    assert statuses(answers) == {200: len(values)}
    got = sorted(each.json()["items"][0]["version"] for each in answers)
    assert got == list(range(2, len(values) + 2))
    indexes = sorted(each.json()["log_index"] for each in answers)
    assert indexes == list(range(1, len(values) + 1))
    assert await contradictions(sessions) == []


async def test_a_new_factor_is_new_only_once(
    everybody: People, sessions: Sessions
) -> None:
    """A second version is an update, which says why and comes from the same author."""
    paths = [await signed(everybody, item(value=value)) for value in ("16.5", "16.6")]

    answers = await at_once(
        everybody.post("publisher_2", f"{path}/publish") for path in paths
    )

    assert statuses(answers) == {200: 1, 409: 1}
    refused = [each.json()["code"] for each in answers if each.status_code == 409]
    assert refused == ["FACTOR_EXISTS"]
    assert await contradictions(sessions) == []


async def test_reviewers_sign_once_each(everybody: People, sessions: Sessions) -> None:
    made = await in_review(everybody)
    path = f"/submissions/{made['id']}/review"

    answers = await at_once(
        everybody.post(name, path, VERDICT) for name in ("reviewer_1", "reviewer_2") * 8
    )

    assert statuses(answers) == {200: 2, 409: 14}
    traces = await traces_of(sessions, made["id"])
    assert len(traces.reviews) == traces.acts["REVIEW"] == 2
    assert await contradictions(sessions) == []


async def test_of_two_first_signatures_one_counts(
    everybody: People, sessions: Sessions
) -> None:
    made = await cleared(everybody)
    path = f"/submissions/{made['id']}/approve"

    answers = await at_once(
        everybody.post(name, path) for name in ("publisher", "publisher_2") * 8
    )

    assert statuses(answers) == {200: 1, 409: 15}
    assert await contradictions(sessions) == []


@pytest.mark.parametrize("order", [("withdraw", "other"), ("other", "withdraw")])
async def test_what_is_withdrawn_goes_no_further(
    everybody: People, sessions: Sessions, order: tuple[str, str]
) -> None:
    """From PASSED a submission goes on notice or back, and from CLEARED only on."""
    made = await passed(everybody)
    path = f"/submissions/{made['id']}"
    acts = {
        "withdraw": ("approver", f"{path}/withdraw", {"reason": "撤回"}),
        "other": ("publisher", f"{path}/open_notice", None),
    }

    answers = await at_once(everybody.post(*acts[each]) for each in order)

    assert statuses(answers) == {200: 1, 409: 1}
    assert await contradictions(sessions) == []


async def test_approval_and_withdrawal_do_not_both_happen(
    everybody: People, sessions: Sessions
) -> None:
    made = await cleared(everybody)
    path = f"/submissions/{made['id']}"
    reason = {"reason": "撤回"}

    answers = await at_once(
        everybody.post(who, f"{path}/{act}", body)
        for who, act, body in [
            ("publisher", "approve", None),
            ("approver", "withdraw", reason),
        ]
        * 8
    )

    assert statuses(answers) == {200: 1, 409: 15}
    traces = await traces_of(sessions, made["id"])
    assert (traces.submission.state, traces.acts["WITHDRAW"]) == ("CLEARED", 0)
    assert await contradictions(sessions) == []


async def test_a_repeated_request_has_one_effect(
    everybody: People, sessions: Sessions
) -> None:
    body = {"items": [item()]}

    answers = await at_once(
        everybody.post("submitter", "/submissions", body, idempotency_key="once")
        for _ in range(100)
    )

    # Whoever finds no free connection in time hears 503 and may come again.
    assert set(statuses(answers)) <= {201, 503}
    assert len({each.content for each in answers if each.status_code == 201}) == 1
    assert len([each for each in answers if "idempotent-replay" in each.headers]) == (
        statuses(answers)[201] - 1
    )
    async with sessions() as session:
        count = sa.select(sa.func.count()).select_from(Submission)
        assert await session.scalar(count) == 1
    assert await contradictions(sessions) == []


async def test_a_repeated_publication_has_one_effect(
    everybody: People, sessions: Sessions
) -> None:
    path = await signed(everybody, item())

    answers = await at_once(
        everybody.post("publisher_2", f"{path}/publish", idempotency_key="once")
        for _ in range(100)
    )

    assert set(statuses(answers)) <= {200, 503}
    assert len({each.content for each in answers if each.status_code == 200}) == 1
    assert await contradictions(sessions) == []


@pytest.mark.parametrize("order", [("object", "clear"), ("clear", "object")])
async def test_nothing_is_cleared_over_an_open_objection(
    everybody: People, sessions: Sessions, order: tuple[str, str]
) -> None:
    made = await on_notice(everybody)
    path = f"/submissions/{made['id']}"
    notice = (await traces_of(sessions, made["id"])).notices[0].id
    grounds = {"item": 1, "grounds": "数据有误"}
    acts = {
        "object": ("consumer", f"/notices/{notice}/objections", grounds),
        "clear": ("secretariat", f"{path}/clear", None),
    }

    answers = await at_once(everybody.post(*acts[each]) for each in order * 4)

    traces = await traces_of(sessions, made["id"])
    is_clear = traces.submission.state == "CLEARED"
    assert is_clear is not bool(traces.objections)
    assert {200, 201} & set(statuses(answers))
    assert set(statuses(answers)) <= {200, 201, 409}
    assert await contradictions(sessions) == []


LOSSES = {
    "role": "UPDATE person SET role = 'CONSUMER' WHERE id = :person",
    "member": "UPDATE person SET left_at = now() WHERE id = :person",
    "key": "UPDATE api_key SET revoked_at = now() WHERE person_id = :person",
    "organisation": "UPDATE organisation SET suspended_at = now() WHERE id ="
    " (SELECT organisation_id FROM person WHERE id = :person)",
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_who_may_no_longer_act_does_not(
    everybody: People, sessions: Sessions, loss: str
) -> None:
    person = everybody.id("submitter")
    busy = [
        asyncio.create_task(everybody.post("submitter", "/submissions"))
        for _ in range(CROWD)
    ]
    await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)

    async with sessions.begin() as session:
        await session.execute(sa.text(LOSSES[loss]), {"person": person})
    acts = sa.select(sa.func.count()).where(Event.person_id == person)
    async with sessions() as session:
        done = await session.scalar(acts)

    answers = await asyncio.gather(*busy)
    late = await everybody.post("submitter", "/submissions")
    assert late.status_code in {401, 403}
    assert set(statuses(answers)) <= {201, 401, 403}
    assert statuses(answers)[201] == done
    async with sessions() as session:
        assert await session.scalar(acts) == done
    assert await contradictions(sessions) == []
