"""Requests to paste; the tests post each of them to a seeded service."""

from typing import Any, Final

ALUMINIUM: Final[dict[str, Any]] = {
    "reference": {"process": "ingot", "amount": "1", "unit": "t"},
    "gwp_set": "AR6_100",
    "processes": [
        {
            "id": "ingot",
            "name": "Primary aluminium ingot",
            "stage": "MFG",
            "output": {"amount": "1", "unit": "t"},
            "inputs": [
                {"process": "alumina", "amount": "1.92", "unit": "t"},
                {"factor": "CNF-01-000002-11", "amount": "13500", "unit": "kWh"},
                {
                    "factor": {
                        "name": "anode, supplier figure",
                        "value": "1.2",
                        "unit": "kgCO2e/kg",
                    },
                    "amount": "0.42",
                    "unit": "t",
                },
            ],
            "emissions": [
                {"gas": "CO2_FOSSIL", "amount": "1.424", "unit": "t"},
                {"gas": "CF4", "amount": "0.017", "unit": "kg"},
            ],
        },
        {
            "id": "alumina",
            "stage": "RAW",
            "output": {"amount": "1", "unit": "t"},
            "inputs": [{"factor": "CNF-08-000001-29", "amount": "1", "unit": "t"}],
        },
    ],
}
LOOP: Final[dict[str, Any]] = {
    "reference": {"process": "electricity", "amount": "1", "unit": "kWh"},
    "processes": [
        {
            "id": "electricity",
            "output": {"amount": "1", "unit": "kWh"},
            "inputs": [{"process": "coal", "amount": "0.4", "unit": "kg"}],
            "emissions": [{"gas": "CO2_FOSSIL", "amount": "0.85", "unit": "kg"}],
        },
        {
            "id": "coal",
            "output": {"amount": "1", "unit": "kg"},
            "inputs": [{"process": "electricity", "amount": "0.03", "unit": "kWh"}],
            "emissions": [{"gas": "CH4_FOSSIL", "amount": "0.004", "unit": "kg"}],
        },
    ],
}
SELECTED: Final[dict[str, Any]] = {
    "reference": {"process": "part", "amount": "1", "unit": "piece"},
    "processes": [
        {
            "id": "part",
            "stage": "MFG",
            "output": {"amount": "1", "unit": "piece"},
            "inputs": [
                {
                    "select": {
                        "category": "ELECTRICITY_GRID_NATIONAL",
                        "kind": "ENERGY",
                        "region": "CN-ZJ",
                        "year": 2026,
                        "fallback": ["region", "year"],
                    },
                    "amount": "3.2",
                    "unit": "kWh",
                }
            ],
        }
    ],
}
RESOLUTIONS: Final[dict[str, Any]] = {
    "electricity": {
        "summary": "One that falls back and one that there is not",
        "value": {
            "items": [
                {
                    "id": "line 1",
                    "select": {
                        "category": "ELECTRICITY_GRID_NATIONAL",
                        "kind": "ENERGY",
                        "region": "CN-ZJ",
                        "year": 2026,
                        "fallback": ["region", "year"],
                    },
                    "unit": "kWh",
                },
                {"id": "line 2", "select": {"q": "电解铝", "region": "CN-TW"}},
            ]
        },
    }
}
CALCULATIONS: Final[dict[str, Any]] = {
    "aluminium": {
        "summary": "Published factors and a figure of one's own",
        "value": ALUMINIUM,
    },
    "loop": {
        "summary": "Coal and electricity that supply each other",
        "value": LOOP,
    },
    "selected": {
        "summary": "A factor by description, with a fallback",
        "value": SELECTED,
    },
}
