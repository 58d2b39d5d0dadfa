"""The documents of organisations, members and keys."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.accounts.service import Scope
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.schemas import BilingualName, Name, Schema, Text, checked, refusal
from app.reference.credit_code import is_valid
from app.reference.enums import Role

OrganisationId = Annotated[str, Field(max_length=40, examples=["org_0123456789abcdef"])]
PersonId = Annotated[str, Field(max_length=40, examples=["p_0123456789abcdef"])]
CreditCode = Annotated[
    str,
    Field(pattern=r"^[0-9A-HJ-NP-RTUWXY]{18}$", examples=["91350200776049653A"]),
]
"""A unified social credit code, GB 32100-2015."""
Roles = Annotated[tuple[Role, ...], Field(min_length=1, max_length=len(Role))]
Scopes = Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]


class BadInstant(Invalid):
    en = "An instant is RFC 3339 with seconds and an offset."
    zh = "时刻须为 RFC 3339 格式,含秒与时区偏移。"


class ReasonMissing(Invalid):
    en = "Who suspends or reinstates an organisation says why."
    zh = "暂停或恢复机构须说明理由。"


class CreditCodeFails(Invalid):
    en = (
        "The check digits of the credit code do not hold; if it is genuine, "
        "credit_code_note says why."
    )
    zh = "统一社会信用代码校验位不符;若代码属实,请在 credit_code_note 中说明。"


class NoteNotNeeded(Invalid):
    en = "The note is about a credit code whose check digits do not hold."
    zh = "该说明仅用于校验位不符的统一社会信用代码。"


class NothingToChange(Invalid):
    en = "The request changes nothing."
    zh = "请求未包含任何更改。"


def _check_instant(text: str) -> None:
    try:
        clock.parse_instant(text)
    except ValueError:
        raise BadInstant from None


Instant = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2027-06-30T00:00:00Z"]),
    checked(_check_instant),
]


def shown(instant: dt.datetime | None) -> str | None:
    """Return *instant* as it is answered, if there is one."""
    return None if instant is None else clock.instant_text(instant)


class ManagerDraft(Schema):
    """The first manager of a new organisation."""

    name: Name
    role: Role


class OrganisationDraft(Schema):
    """A new organisation and who manages it first."""

    name: BilingualName
    credit_code: CreditCode | None = None
    credit_code_note: Text | None = None
    """Why a genuine code is accepted though its check digits fail."""
    roles: Roles
    manager: ManagerDraft

    @model_validator(mode="after")
    def _credit_code_holds(self) -> Self:
        fails = self.credit_code is not None and not is_valid(self.credit_code)
        if fails and self.credit_code_note is None:
            raise refusal(CreditCodeFails(pointer="/credit_code"))
        if self.credit_code_note is not None and not fails:
            raise refusal(NoteNotNeeded(pointer="/credit_code_note"))
        return self


class OrganisationPatch(Schema):
    """Which roles the members may have, and whether the organisation may act."""

    roles: Roles | None = None
    suspended: bool | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.roles is None and self.suspended is None:
            raise refusal(NothingToChange())
        if self.suspended is not None and self.reason is None:
            raise refusal(ReasonMissing(pointer="/reason"))
        return self


class OrganisationRead(Schema):
    """An organisation, as its members, administrators and auditors see it."""

    id: str
    name: BilingualName
    credit_code: str | None
    credit_code_note: str | None
    """Why the credit code is accepted though its check digits fail."""
    roles: tuple[Role, ...]
    """The roles that its members may have."""
    suspended_at: str | None
    """While it is suspended, no key of its members opens anything."""


class MemberDraft(Schema):
    """Somebody to act for the organisation."""

    name: Name
    role: Role
    is_manager: bool = False


class MemberPatch(Schema):
    """Changes to a member; what is left out stays."""

    role: Role | None = None
    is_manager: bool | None = None
    left: Literal[True] | None = None
    """Their keys open nothing from now on, for good."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.role is None and self.is_manager is None and self.left is None:
            raise refusal(NothingToChange())
        return self


class MemberRead(Schema):
    """A member of an organisation."""

    person: str
    name: str | None
    """For members of the same organisation alone."""
    role: Role
    is_manager: bool
    left_at: str | None


class MemberPage(Schema):
    """A page of members."""

    items: tuple[MemberRead, ...]
    next_cursor: str | None


class KeyDraft(Schema):
    """A key to make, of one's own unless `person` says otherwise."""

    person: PersonId | None = None
    """A member of the own organisation who has no key; for managers."""
    scopes: Scopes | None = None
    """At most those of the key that asks, which is also what is meant without."""
    expires_at: Instant | None = None
    """Within two years; never unless stated."""


class KeyRead(Schema):
    """A key without its secret."""

    id: str
    person: str
    scopes: tuple[Scope, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class KeyCreated(KeyRead):
    """A new key."""

    key: Annotated[str, Field(examples=["tanyin_live_0123456789ab_…"])]
    """To be sent as `Authorization: Bearer …`; it is answered this once."""


class KeyList(Schema):
    """The live keys of somebody, and the latest of the others; 100 at most."""

    items: tuple[KeyRead, ...]


class OrganisationCreated(Schema):
    """A new organisation with its first manager and their key."""

    organisation: OrganisationRead
    manager: MemberRead
    key: KeyCreated


class Me(Schema):
    """Whom the key of the request belongs to."""

    person: str
    organisation: str
    role: Role
    is_manager: bool
    key_id: str
    scopes: tuple[Scope, ...]
