"""Who did what, when and why: one append-only row an act. Knows people by ids alone."""
