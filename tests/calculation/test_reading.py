"""Both ways of reading give the same bytes, and refuse the same things."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.examples import CALCULATIONS
from app.calculation.reading import (
    Bulk,
    Reading,
    read,
    read_carefully,
    read_large,
)
from app.calculation.request import STRICT_LIMIT
from app.kit.errors import DomainError, Findings
from app.reference.enums import VersionStatus
from tests.factories.calculations import (
    calculate_reading,
    process,
    request,
    version_at,
)

Document = dict[str, Any]

CODE = "CNF-01-000001-14"
COAL = {"property": "NCV", "value": "19.57", "unit": "GJ/t"}
VERSIONS = (
    version_at(CODE),
    version_at("CNF-01-000002-11", unit="kgCO2e/t", properties=[COAL], road="IMPORT"),
    version_at("CNF-01-000003-19", unit="gCO2e/t_km", gwp_set="AR5_100"),
    version_at("CNF-01-000004-15", status=VersionStatus.SUSPENDED, newest_year=2025),
)
CODES = ("CNF-01-000002-11", "CNF-01-000003-19", "CNF-01-000004-15")
IDS = ("p", "q", "r", "水泥")


def encoded(document: Document, **options: Any) -> bytes:
    return json.dumps(document, **options).encode()


def outcome(reader: Callable[[bytes], Reading], body: bytes) -> Any:
    """Return the bytes of the answer, or everything that is refused."""
    try:
        return msgspec.json.encode(calculate_reading(reader(body), *VERSIONS))
    except DomainError as error:
        errors = error.errors if isinstance(error, Findings) else [error]
        return [(each.code, each.pointer, each.detail("zh")) for each in errors]


def assert_alike(body: bytes) -> Any:
    found = outcome(read_carefully, body)
    assert outcome(read_large, body) == found
    return found


def in_bulk(body: bytes) -> bytes:
    """Return the answer that columns alone lead to."""
    reading = read_large(body)
    assert isinstance(reading, Bulk)
    table = reading.table
    found = msgspec.json.encode(calculate_reading(_Strictly(table), *VERSIONS))
    assert found == outcome(read_carefully, body)
    return found


class _Strictly(Bulk):
    """Columns that nobody comes to the help of."""

    def __init__(self, table: Any) -> None:
        super().__init__(b"", table)

    def carefully(self) -> Any:
        raise AssertionError("the columns were unusual")


def links(*targets: str, **more: Any) -> list[Document]:
    return [{"process": each, "amount": "0.1", "unit": "kg"} | more for each in targets]


def line(factor: Any, amount: Any = "1", unit: str = "kWh", **more: Any) -> Document:
    return {"factor": factor, "amount": amount, "unit": unit} | more


def own(value: Any = "2.5", unit: str = "kgCO2e/kg", **more: Any) -> Document:
    return {"name": "自有数据", "value": value, "unit": unit} | more


def emission(gas: str = "CO2_FOSSIL", amount: Any = "1", **more: Any) -> Document:
    return {"gas": gas, "amount": amount, "unit": "kg"} | more


MASS = {"amount": "1.5", "unit": "t"}
FAR = {"amount": "120", "unit": "km"}
USUAL: dict[str, Document] = {
    "one process": request(process()),
    "contracts": request(process(), gec_allowed=True),
    "loop": request(
        process("p", inputs=links("q"), emissions=[emission()]),
        process("q", inputs=links("p", "q"), emissions=[emission("N2O", "0.001")]),
    ),
    "credit": request(process("p", inputs=links("q", amount="-2")), process("q")),
    "treatment": request(
        process("p", inputs=links("q", amount="-0.1")),
        process("q", "-1", emissions=[emission()]),
    ),
    "units": request(
        process("p", "2", "t", inputs=links("q", amount="250", unit="g")),
        process("q", "3", emissions=[emission(unit="t")]),
        amount="4000",
    ),
    "allocation": request(
        process(
            "p",
            inputs=links("p", "q"),
            co_products=[{"name": "渣", "amount": "3", "unit": "kg"}],
            allocation={"method": "MASS"},
        ),
        process("q", allocation={"method": "SHARE", "share": 0.25}),
        process("r", emissions=[emission("CH4_FOSSIL")]),
    ),
    "numbers": request(
        process(
            "p",
            1,
            inputs=[
                line(own(0.1), 12345678901234567890, "kg"),
                line(own(3), 1e-7, "kg"),
                line(own("0.123456789012345678"), "0.1", "kg"),
                line(own("1"), "12345678901234567890.123456789012345678", "kg"),
                line(own("1", "kgCO2e/kWh"), 1e17),
            ],
            emissions=[emission(amount=99999999999999999999)],
        ),
        amount=2.50,
    ),
    "factors": request(
        process(
            "p",
            stage="MFG",
            inputs=[
                line(CODE),
                line(f"{CODE}@1", stage="RAW", category="FOSSIL"),
                line(CODES[0], "3.3", "GJ"),
                line(CODES[0], "3.3", "t"),
                {"factor": CODES[1], "mass": MASS, "distance": FAR},
                {"factor": own("1", "gCO2e/t_km"), "mass": MASS, "distance": FAR},
                line(CODES[2]),
                line(own(), unit="kg"),
                line(own("7"), unit="g", stage="EOL"),
                line(own("1", "kgCH4_FOSSIL/kg"), unit="kg"),
                line(own("1", gwp_set="AR6_100"), unit="kg"),
                line(own("1", gwp_set="AR4_100"), unit="kg"),
                line(own("-1", category="BIO_REMOVAL"), unit="kg"),
                line(own("-4"), unit="kg", category="BIO_REMOVAL"),
                line(own("9", kind="DIRECT_EF"), unit="kg"),
                line(
                    own("9", gases=[{"gas": "N2O", "mass_kg": 0.001}]),
                    unit="kg",
                ),
            ],
            emissions=[emission("CO2_BIO_UPTAKE", stage="USE", category="DLUC")],
        )
        | {"name": "电厂"},
        valid_on="2024-05-01",
        gwp_set="AR6_100",
    ),
    "nothing but links": request(process("p", inputs=links("q")), process("q")),
    "empty lists": request(process(inputs=[], emissions=[], co_products=[])),
    "unreached": request(process("p"), process("q", inputs=links("r")), process("r")),
    "solved by nothing": request(process("p", inputs=links("p", amount="1"))),
}


@pytest.mark.parametrize("detail", ["SUMMARY", "FULL"])
@pytest.mark.parametrize("name", USUAL)
def test_usual_requests_are_answered_from_columns(name: str, detail: str) -> None:
    document = USUAL[name] | {"detail": detail}

    for options in ({}, {"indent": 2}, {"ensure_ascii": False}):
        body = encoded(document, **options)
        assert_alike(body)
        if name != "solved by nothing":
            in_bulk(body)


@pytest.mark.parametrize("detail", ["SUMMARY", "FULL"])
def test_many_blocks_make_one_answer(detail: str) -> None:
    chain = [
        process(
            f"p{number}",
            inputs=[
                *links(f"p{number + 1}", amount="1"),
                line(CODE),
                line(own(number), unit="kg"),
            ],
            emissions=[emission(amount=str(number % 7))],
        )
        for number in range(3_000)
    ]
    last = process("p3000", inputs=links("p1"))

    answer = in_bulk(encoded(request(*chain, last, detail=detail)))

    assert b'"factor":"%b@1"' % CODE.encode() in answer


@pytest.mark.parametrize("count", [1, 1_200])
def test_links_to_nowhere_are_told_of_from_columns(count: int) -> None:
    nowhere = links(*(f"x{number}" for number in range(count)))
    document = request(
        process("p", inputs=[*links("q"), line(CODE), *nowhere, *links("q")]),
        process("q", inputs=links("p", "y")),
    )
    body = encoded(document)
    reading = read_large(body)
    assert isinstance(reading, Bulk)

    told = outcome(lambda _: _Strictly(reading.table), body)

    assert told == outcome(read_carefully, body)
    assert told[0][:2] == ("UNKNOWN_PROCESS", "/processes/0/inputs/2/process")
    assert len(told) == min(count + 1, 1_000)
    # Whose processes are known, if the columns do not tell?
    cut_off = {"name": "包装", "process": "q", "value": "1"}
    assert_alike(encoded(document | {"cut_offs": [cut_off]}))


def test_the_examples_are_read_alike() -> None:
    for example in CALCULATIONS.values():
        assert_alike(encoded(example["value"]))


BROKEN: list[Document] = [
    request(process("p"), process("p")),
    request(process("p", "0")),
    request(process("p", "0.0")),
    request(process(" ")),
    request(process("e\u0301")),
    request(process("p") | {"name": "\u202e"}),
    request(process("a" * 201)),
    request(process(""), process("q")),
    request(process("p") | {"name": None}),
    request(process("p", stage="NOPE")),
    request(process("p", extra=1)),
    request(process("p", "1", "furlong")),
    request(process("p") | {"output": {"amount": "1", "unit": "kg", "value": "x"}}),
    request(process("p"), process("q") | {"output": {"amount": "1"}}),
    request(process("p", inputs=None)),
    request(process("p", inputs=links("nowhere"))),
    request(process("p", inputs=links("p", unit="kWh"))),
    request(process("p", inputs=links("p", stage="RAW"))),
    request(process("p", inputs=links("p", category="FOSSIL"))),
    request(process("p", inputs=[{"process": "p", "mass": MASS, "distance": FAR}])),
    request(process("p", unit="t_km", inputs=[{"process": "p", "mass": MASS}])),
    request(
        process(
            "p", unit="t_km", inputs=[{"process": "p", "mass": MASS, "distance": FAR}]
        )
    ),
    request(process("p", inputs=[{"process": "p", "unit": "kg"}])),
    request(process("p", inputs=[{"process": "p", "amount": "1"}])),
    request(process("p", inputs=[{"amount": "1", "unit": "kg"}])),
    request(process("p", inputs=[line(CODE, process="p")])),
    request(process("p", inputs=[line(CODE, mass=MASS)])),
    request(process("p", inputs=[{"factor": CODES[1], "mass": MASS}])),
    request(process("p", inputs=[line("CNF-01-000009-14")])),
    request(process("p", inputs=[line("=kgCO2e/kg")])),
    request(process("p", inputs=[line("x" * 41)])),
    request(process("p", inputs=[line(CODE, unit="kg")])),
    request(process("p", inputs=[line(own(), unit="kWh")])),
    request(process("p", inputs=[line(own("x"), unit="kg")])),
    request(process("p", inputs=[line(own() | {"name": "\n"}, unit="kg")])),
    request(process("p", inputs=[line(own(kind="PARAMETER"), unit="kg")])),
    request(process("p", inputs=[line(own(), category="BIO_REMOVAL", unit="kg")])),
    request(process("p", inputs=[line(own(gases=[{"gas": "X", "mass_kg": 1}]))])),
    request(process("p", inputs=[line(CODE, None)])),
    request(process("p", inputs=[line(CODE, True)])),  # noqa: FBT003 - a JSON value
    request(process("p", inputs=[line(CODE, [["1"]])])),
    request(process("p", inputs=[line(CODE, 10**21)])),
    request(process("p", emissions=[emission("XX")])),
    request(process("p", emissions=[emission(amount="-1")])),
    request(process("p", emissions=[emission(amount=-1)])),
    request(process("p", co_products=[{"name": "x", "amount": "1", "unit": "kg"}])),
    request(process("p", allocation={"method": "SHARE", "share": "2"})),
    request(
        process(
            "p",
            co_products=[{"name": "x", "amount": "1", "unit": "furlong"}],
            allocation={"method": "SHARE", "share": "0.5"},
        )
    ),
    request(process("p"), gwp_set="AR9"),
    request(process("p"), snapshot=1.0),
    request(process("p"), store=1),
    request(process("p", inputs=[line(CODES[2])]), strict=True),
    request(process("p", inputs=[line(own(gwp_set="AR4_100"))]), strict=True),
    {"reference": {"process": "p", "amount": "1", "unit": "kg"}},
    {"reference": {"process": "p", "amount": "1", "unit": "kg"}, "processes": []},
    {"reference": {"process": "p", "amount": "1", "unit": "kg"}, "processes": None},
    request(process("p")) | {"reference": {"process": "x", "amount": "", "unit": "kg"}},
    request(process("p")) | {"reference": {"process": "p", "amount": "1", "unit": "m"}},
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_what_is_refused_is_refused_alike(number: int) -> None:
    usual = [process(f"usual {each}") for each in range(3)]
    document = BROKEN[number]
    padded = document | {"processes": [*(document.get("processes") or ()), *usual]}

    assert isinstance(assert_alike(encoded(document)), list)
    assert_alike(encoded(padded))


GOOD = encoded(request(process("p", inputs=[line(own(), "1", "kg")])))


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD[:-1],
        GOOD + b"x",
        GOOD.replace(b'"p"', b'"\xff"'),
        GOOD.replace(b'"p"', b'"\xed\xa0\x80"'),
        GOOD.replace(b'"p"', b'"\\ud800"'),
        GOOD.replace(b'"p"', b'"\\u0070"'),
        GOOD.replace(b'"p"', b'"\t"'),
        GOOD.replace(b'"p"', b'"\\u0000"'),
        GOOD.replace(b'"1"', b"NaN"),
        GOOD.replace(b'"1"', b"-Infinity"),
        GOOD.replace(b'"1"', b"1e400"),
        GOOD.replace(b'"1"', b"01"),
        GOOD.replace(b'"1"', b"1" * 5_000),
        GOOD.replace(b'"1"', b"[" * 40 + b"]" * 40),
        GOOD.replace(b'"1"', b"[" * 4_000 + b"]" * 4_000),
        GOOD.replace(b"}]", b"},]"),
        GOOD.replace(b'"id"', b'"id": "q", "id"'),
        GOOD.replace(b'"unit"', b'"unit": "t", "unit"'),
        GOOD.replace(b'"reference"', b'"processes": [], "reference"'),
        b"[" + GOOD + b"]",
        b"[" * 100_000,
        b"null",
        b"",
    ],
)
def test_large_bodies_are_judged_as_before(body: bytes) -> None:
    padded = body + b" " * (STRICT_LIMIT + 1)

    found = outcome(read_carefully, padded)

    assert outcome(read, padded) == found


AMOUNTS = st.one_of(
    st.decimals(-1000, 1000, places=3).map(lambda each: format(each, "f")),
    st.from_regex(r"[1-9][0-9]{0,19}(\.[0-9]{1,18})?", fullmatch=True),
    st.integers(-5, 10**19),
    st.floats(-1e6, 1e6),
    st.sampled_from(["0", "1", "-1", "0.5", "-0", "01", "1e5", "x", None, 1e19]),
)
UNITS = st.sampled_from(["kg", "t", "g", "kWh", "MJ", "furlong"])
KILOGRAMS = st.sampled_from(["kg", "kg", "t", "g"])
NAMES = st.sampled_from([*IDS, *IDS, "\u200b", "e\u0301", '"\\/'])


def optional(**fields: Any) -> Any:
    return st.fixed_dictionaries({}, optional=fields)


def merged(*parts: Any) -> Any:
    return st.tuples(*parts).map(
        lambda each: {k: v for d in each for k, v in d.items()}
    )


QUANTITIES = st.fixed_dictionaries({"amount": AMOUNTS, "unit": KILOGRAMS})
PLACES = optional(
    stage=st.sampled_from(["RAW", "USE", "NOPE"]),
    category=st.sampled_from(["FOSSIL", "DLUC", "BIO_REMOVAL"]),
)
OWN = merged(
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "value": AMOUNTS,
            "unit": st.sampled_from(["kgCO2e/kg", "tCO2e/t", "kgN2O/kg", "kg"]),
        }
    ),
    optional(gwp_set=st.sampled_from(["AR6_100", "AR4_100"]), kind=st.just("PCF")),
)
INPUTS = st.one_of(
    merged(st.fixed_dictionaries({"process": st.sampled_from(IDS)}), QUANTITIES),
    merged(st.fixed_dictionaries({"factor": OWN}), QUANTITIES, PLACES),
    st.fixed_dictionaries(
        {
            "factor": st.sampled_from([CODE, f"{CODE}@1", *CODES]),
            "amount": AMOUNTS,
            "unit": UNITS,
        }
    ),
    st.fixed_dictionaries(
        {
            "factor": st.just(CODES[1]),
            "mass": QUANTITIES,
            "distance": st.fixed_dictionaries(
                {"amount": AMOUNTS, "unit": st.sampled_from(["km", "m"])}
            ),
        }
    ),
)
EMISSIONS = merged(
    st.fixed_dictionaries({"gas": st.sampled_from(["CO2_FOSSIL", "N2O", "SF6"])}),
    QUANTITIES,
    PLACES,
)
SHARES = optional(
    name=NAMES,
    co_products=st.lists(
        st.fixed_dictionaries({"name": NAMES, "amount": AMOUNTS, "unit": KILOGRAMS}),
        max_size=2,
    ),
    allocation=st.fixed_dictionaries(
        {"method": st.sampled_from(["MASS", "SHARE"])}, optional={"share": AMOUNTS}
    ),
)
PROCESSES = merged(
    st.fixed_dictionaries({"output": QUANTITIES}),
    optional(
        inputs=st.lists(INPUTS, max_size=3),
        emissions=st.lists(EMISSIONS, max_size=2),
        stage=st.sampled_from(["RAW", "EOL"]),
    ),
    st.one_of(st.just({}), st.just({}), SHARES),
)
REQUESTS = st.builds(
    lambda processes, reference, more: {
        "reference": {"process": "p"} | reference,
        "processes": [
            {"id": name} | each for name, each in zip(IDS, processes, strict=False)
        ],
        **more,
    },
    st.lists(PROCESSES, min_size=1, max_size=4),
    QUANTITIES,
    optional(
        detail=st.sampled_from(["FULL", "SUMMARY"]),
        strict=st.booleans(),
        gwp_set=st.sampled_from(["AR5_100", "EF31_100"]),
        purpose=st.just("INVENTORY"),
        snapshot=st.just(5),
    ),
)


@given(REQUESTS)
@settings(max_examples=300, deadline=None)
def test_any_request_is_answered_alike(document: Document) -> None:
    assert_alike(encoded(document))
