"""The credit code of the organisation that submits."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.reference import credit_code
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.rules import Breach, Check, Rule, Severity

CREDIT_CODE_MISSING: Final = Rule(
    id="CREDIT_CODE_MISSING",
    severity=Severity.INFO,
    zh="报送单位没有登记统一社会信用代码。",
    en="The submitting organisation has no unified social credit code on record.",
    source="GB 32100-2015",
)
CREDIT_CODE_WRONG: Final = Rule(
    id="CREDIT_CODE_WRONG",
    severity=Severity.BLOCK,
    zh="报送单位的统一社会信用代码 {code} 校验不符;如代码属实,请由管理员备注原因。",
    en=(
        "The check digit of the submitter's credit code {code} is wrong; an "
        "administrator notes why where the code is genuine."
    ),
    source="GB 32100-2015 and GB 11714-1997, check digits",
)
CREDIT_CODE_NOTED: Final = Rule(
    id="CREDIT_CODE_NOTED",
    severity=Severity.WARN,
    zh="报送单位的统一社会信用代码 {code} 校验不符,备注:{note}",
    en="The check digit of the submitter's credit code {code} is wrong. Note: {note}",
    source="GB 32100-2015 and GB 11714-1997; some early pilot codes fail them",
)
RULES: Final[Sequence[Rule]] = (
    CREDIT_CODE_MISSING,
    CREDIT_CODE_WRONG,
    CREDIT_CODE_NOTED,
)


def _code(candidate: Candidate, facts: Facts) -> Iterator[Breach]:
    # One submitter stands behind all items: it is said once. Items count from 1.
    if candidate.number != 1:
        return
    code, note = facts.submitter.credit_code, facts.submitter.credit_code_note
    if code is None:
        yield Breach(CREDIT_CODE_MISSING)
    elif not credit_code.is_valid(code):
        rule = CREDIT_CODE_NOTED if note else CREDIT_CODE_WRONG
        yield Breach(rule, "", {"code": code, "note": note})


CHECKS: Final[Sequence[Check]] = (_code,)
