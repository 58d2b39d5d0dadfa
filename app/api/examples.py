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
MACROS: Final[dict[str, Any]] = {
    "reference": {"process": "frame", "amount": "1", "unit": "piece"},
    "gec_allowed": True,
    "processes": [
        {
            "id": "frame",
            "name": "Aluminium frame, 2 kg",
            "stage": "MFG",
            "output": {"amount": "1", "unit": "piece"},
            "recycling": [
                {
                    "method": "CFF",
                    "amount": "2",
                    "unit": "kg",
                    "r1": "0.3",
                    "r2": "0.9",
                    "r3": "0",
                    "a": "0.2",
                    "quality_in": "1",
                    "quality_out": "1",
                    "virgin": {"process": "ingot"},
                    "recycled": {
                        "name": "remelting of scrap",
                        "value": "0.8",
                        "unit": "kgCO2e/kg",
                    },
                    "recycled_at_end_of_life": {
                        "name": "collecting and remelting",
                        "value": "0.6",
                        "unit": "kgCO2e/kg",
                    },
                    "disposal": {
                        "name": "landfill",
                        "value": "0.02",
                        "unit": "kgCO2e/kg",
                    },
                }
            ],
            "electricity": [
                {
                    "basis": "CONTRACT",
                    "amount": "12",
                    "unit": "kWh",
                    "generation": "CNF-01-000012-78",
                    "loss": "0.045",
                    "transmission": "CNF-01-000020-54",
                    "grid": "CNF-01-000002-11",
                    "certificates": [{"number": "00000000000000000000000000000001"}],
                }
            ],
        },
        {
            "id": "ingot",
            "output": {"amount": "1", "unit": "kg"},
            "inputs": [
                {"factor": "CNF-08-000001-29", "amount": "1.92", "unit": "kg"},
                {"factor": "CNF-01-000002-11", "amount": "13.5", "unit": "kWh"},
            ],
        },
    ],
}
RATED: Final[dict[str, Any]] = {
    "reference": {"process": "ingot", "amount": "1", "unit": "t"},
    "data_quality": {"assessment_year": 2026, "region": "CN"},
    "processes": [
        {
            "id": "ingot",
            "output": {"amount": "1", "unit": "t"},
            "inputs": [
                {
                    "factor": "CNF-01-000002-11",
                    "amount": "13500",
                    "unit": "kWh",
                    "data_quality": {
                        "ter": 2,
                        "tir": 1,
                        "p": 1,
                        "primary": True,
                        "traceability": "STATUTORY_VERIFIED",
                    },
                },
                {
                    "factor": {
                        "name": "anode, supplier figure",
                        "value": "1.2",
                        "unit": "kgCO2e/kg",
                        "data_quality": {"ter": 1, "ger": 1, "tir": 2, "primary": True},
                    },
                    "amount": "0.42",
                    "unit": "t",
                    "data_quality": {"tir": 1, "p": 2, "primary": True},
                },
            ],
            "emissions": [
                {
                    "gas": "CO2_FOSSIL",
                    "amount": "1.424",
                    "unit": "t",
                    "data_quality": {
                        "ter": 1,
                        "ger": 1,
                        "tir": 1,
                        "p": "2.5",
                        "primary": True,
                    },
                },
            ],
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
    "kiln": {
        "summary": "Balances of mass and carbon, and what is cut off",
        "value": KILN,
    },
    "loop": {
        "summary": "Coal and electricity that supply each other",
        "value": LOOP,
    },
    "macros": {
        "summary": "Recycled material by the footprint formula, and a contract",
        "value": MACROS,
    },
    "data_quality": {
        "summary": "How good the data behind a result are",
        "value": RATED,
    },
    "selected": {
        "summary": "A factor by description, with a fallback",
        "value": SELECTED,
    },
}
