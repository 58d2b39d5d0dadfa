"""API keys, and whom one belongs to."""

from typing import Annotated

from fastapi import Path, Query

from app.accounts import keys
from app.accounts.schemas import KeyCreated, KeyDraft, KeyList, Me, PersonId
from app.accounts.service import Scope
from app.http.bodies import JsonBody
from app.http.dependencies import (
    AnsweredOnce,
    KnownCaller,
    ManagerTrail,
    ReadSession,
)
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit import clock
from app.kit.errors import Conflict, Forbidden, NotFound
from app.reference.enums import Role

routes = router("keys")


@routes.get("/me", responses=problem_responses(Forbidden))
async def get_me(caller: KnownCaller) -> Me:
    """Tell whom the key of the request belongs to, and what it is for."""
    return Me(
        person=caller.person_id,
        organisation=caller.organisation_id,
        role=Role(caller.role),
        is_manager=caller.is_manager,
        key_id=caller.key_id,
        scopes=tuple(Scope(scope) for scope in caller.scopes),
    )


@routes.get("/keys", responses=problem_responses(Forbidden, NotFound))
async def list_keys(
    caller: KnownCaller,
    session: ReadSession,
    person: Annotated[
        PersonId | None,
        Query(description="A member of the own organisation; for managers."),
    ] = None,
) -> KeyList:
    """List one's own keys, without their secrets."""
    found = await keys.list_keys(session, caller, person, clock.now())
    return KeyList(items=tuple(keys.read_key(key) for key in found))


@routes.post(
    "/keys",
    status_code=201,
    dependencies=[AnsweredOnce],
    responses=problem_responses(Forbidden, NotFound, Conflict),
)
async def create_key(draft: JsonBody[KeyDraft], trail: ManagerTrail) -> KeyCreated:
    """Create a key: one's own second one, or the first one of a member.

    Two keys may live at a time, so that the new one is in use before the old one is
    revoked. The key is answered this once, so no Idempotency-Key is taken: whoever lost
    the answer finds the key in the list, and revokes it.
    """
    key, text = await keys.create_key(trail, draft)
    return keys.read_new_key(key, text)


@routes.delete(
    "/keys/{id}", status_code=204, responses=problem_responses(Forbidden, NotFound)
)
async def revoke_key(
    key_id: Annotated[str, Path(alias="id", max_length=40, examples=["0123456789ab"])],
    trail: ManagerTrail,
) -> None:
    """Revoke a key of one's own, or of a member as their manager; at once."""
    await keys.revoke_key(trail, key_id)
