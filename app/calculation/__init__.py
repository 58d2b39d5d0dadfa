"""Composing factor versions along a process tree into a footprint.

Knows requests, allocation, GWP sets and linear systems. Only `service`, `selecting`,
`storing` and `verifying` see the database, and only `storing` writes.

- What is asked: `request`, `shapes`, `macros`; read by `reading`, carefully or in
  columns (`wire`, `bulk`, `table`); line by line (`lines`).
- Before all else: `expansion` of macros (`terms`, `recycling`, `electricity`,
  `certificates`, `counterparts`), `selecting` of what is described.
- From lines to numbers: `assembly`, `amounts`, `allocation`, `routing`, `resolution`,
  `coefficients`; what is wrong, `findings` and `notices`.
- The solution: `engine`, `graphs`, `elimination`, `sums`; `totals` of electricity.
- Uncertainty: `uncertainty`, `pedigree`, `spreads`, `variables`, `sensitivities`,
  `plan`, `sampling`, `propagation`.
- Data quality: `scoring`, `quality`, `assessing`.
- Checks: `checks`, `boundaries`, `natures`, `double_counting`, `contents`, `flows`,
  `balances`, `cut_offs`, `biogenic`.
- What is answered: `calculated`, `answer`, `rows`, `documents`, `supplements`,
  `printed`; signed by `receipts`, judged by `verifying`.
- Later: `storing` and `models`, `replaying`, `comparison`.
- Where it runs: `service` does one calculation, `working` does it as a dialogue.
"""
