"""The automatic checks, one module a family. Pure but for `gathering`."""
