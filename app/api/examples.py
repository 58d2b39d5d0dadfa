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
KILN: Final[dict[str, Any]] = {
    "reference": {"process": "lime", "amount": "1", "unit": "t"},
    "cut_offs": [{"name": "Refractory bricks", "value": "1.5", "reason": "no data"}],
    "processes": [
        {
            "id": "lime",
            "output": {"amount": "1", "unit": "t", "carbon_content": "0"},
            "inputs": [
                {
                    "factor": {
                        "name": "limestone, the quarry's figure",
                        "value": "4",
                        "unit": "kgCO2e/t",
                        "includes": ["CNF-01-000002-11"],
                    },
                    "amount": "1.7848",
                    "unit": "t",
                    "carbon_content": "120",
                }
            ],
            "emissions": [{"gas": "CO2_FOSSIL", "amount": "0.7848", "unit": "t"}],
            "balance": {"mass": {}, "carbon": {"tolerance": "0.01"}},
        }
    ],
}
CALCULATIONS: Final[dict[str, Any]] = {
    "aluminium": {
        "summary": "Published factors and a figure of one's own",
        "value": ALUMINIUM,
    },
    "kiln": {
        "summary": "Balances of mass and carbon, and what is cut off",
        "value": KILN,
    },
    "loop": {
        "summary": "Coal and electricity that supply each other",
        "value": LOOP,
    },
}
