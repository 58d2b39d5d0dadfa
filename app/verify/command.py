"""The command line of the auditor's tool."""

import argparse
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

from app.verify import factors, monitor, receipts, releases
from app.verify.job import NOTE_LIMIT, Job, check_age, compare, see
from app.verify.report import Report
from app.verify.sources import Mirror, Service, Source, read
from app.verify.trust import parse_trust
from app.verify.verdicts import (
    MEANINGS,
    REFUSALS,
    Forked,
    Misused,
    Verdict,
    verdict,
)

_ABOUT: Final = """\
Check what a TanYin service says against what its log has signed. Trust begins with the
key given by --key, which you must have from somewhere else than the service."""
_CODES: Final = "exit codes:\n" + "\n".join(
    f"  {code:d}  {text}" for code, text in MEANINGS.items()
)
_SECONDS: Final = 60.0


def main(argv: Sequence[str]) -> int:
    """Run a check; return the exit code."""
    report = Report(as_json="--json" in argv)
    subject, folder = " ".join(argv[:1]), Path()
    try:
        options = _parser().parse_args(argv)
        subject = " ".join([options.command, *filter(None, [options.subject])])
        folder = options.state or folder
        options.check(_job(options, report), options)
    except REFUSALS as error:
        _keep_evidence(error, folder, report)
        return report.finish(verdict(error), subject, str(error))
    except SystemExit:  # --help has been printed
        return Verdict.VERIFIED
    return report.finish(Verdict.VERIFIED, subject)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are a verdict like any other."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise Misused(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tanyin verify",
        description=_ABOUT,
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="CHECK")
    for name, (check, subject, text) in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.set_defaults(check=check, subject=None, state=None, sha256=None)
        if subject:
            command.add_argument("subject", metavar=subject)
        _add_options(command, name)
    return parser


def _add_options(command: argparse.ArgumentParser, name: str) -> None:
    add = command.add_argument
    add("--url", type=_url, metavar="BASE", help="the service, without /v1")
    add("--mirror", type=Path, metavar="DIR", help="its answers below /v1, as files")
    add("--key", action="append", required=True, metavar="VKEY", help="a log's key")
    add("--witness", action="append", default=[], metavar="VKEY", help="its key")
    add("--quorum", type=int, metavar="N", help="witnesses needed; all unless stated")
    add("--max-age", type=_hours, metavar="HOURS", help="refuse older checkpoints")
    add("--timeout", type=_seconds, default=_SECONDS, metavar="S", help="per answer")
    add("--json", action="store_true", help="print one JSON document")
    if name == "monitor":
        add("--state", type=Path, required=True, metavar="DIR", help="its memory")
    else:
        add("--checkpoint", type=Path, metavar="FILE", help="a signed note")
    if name in {"version", "release"}:
        add("--record", type=Path, metavar="FILE", help="the logged bytes")
    if name == "version":
        add("--proof", type=Path, metavar="FILE", help="a tlog-proof or JSON")
        add("--sha256", metavar="HEX", help="of the record, as it was written down")


def _job(options: argparse.Namespace, report: Report) -> Job:
    names = ("checkpoint", "record", "proof")
    given = {name: getattr(options, name, None) for name in names}
    return Job(
        trust=parse_trust(options.key, options.witness, options.quorum),
        report=report,
        now=_now(),
        source=_source(options),
        max_age=options.max_age,
        files={name: path for name, path in given.items() if path is not None},
    )


def _source(options: argparse.Namespace) -> Source | None:
    if options.url is not None and options.mirror is not None:
        raise Misused("--url or --mirror, not both")
    if options.mirror is not None:
        return Mirror(options.mirror)
    return options.url and Service(options.url, options.timeout)


def _check_checkpoint(job: Job, _: argparse.Namespace) -> None:
    seen = see(job, job.note())
    if job.source is not None and "checkpoint" in job.files:
        held, seen = seen, see(job, read(job.source, "/log/checkpoint", NOTE_LIMIT))
        job.report.done("continuity", compare(job.source, held, seen))
    check_age(job, seen)


def _check_version(job: Job, options: argparse.Namespace) -> None:
    factors.check_version(job, factors.parse_pin(options.subject), options.sha256)


def _check_history(job: Job, options: argparse.Namespace) -> None:
    factors.check_history(job, factors.parse_code(options.subject))


def _check_release(job: Job, options: argparse.Namespace) -> None:
    releases.check_release(job, options.subject)


def _check_receipt(job: Job, options: argparse.Namespace) -> None:
    receipts.check_receipt(job, Path(options.subject))


def _watch(job: Job, options: argparse.Namespace) -> None:
    monitor.watch(job, options.state)


_COMMANDS: Final[
    dict[str, tuple[Callable[[Job, argparse.Namespace], None], str, str]]
] = {
    "checkpoint": (
        _check_checkpoint,
        "",
        "Check the newest checkpoint; with --checkpoint, that it continues that one.",
    ),
    "version": (_check_version, "CODE@N", "Check that the log holds a version."),
    "history": (
        _check_history,
        "CODE",
        "Check all versions of a factor; reads the whole log.",
    ),
    "release": (
        _check_release,
        "NAME",
        "Check a release with its files; reads the whole log.",
    ),
    "receipt": (
        _check_receipt,
        "FILE",
        "Check the receipt of a calculation; with --url, its records in the log.",
    ),
    "monitor": (
        _watch,
        "",
        "Check all that is new since the last run, and that nothing else changed.",
    ),
}


def _keep_evidence(error: Exception, folder: Path, report: Report) -> None:
    if not isinstance(error, Forked):
        return
    kept = folder / f"evidence-{_now():%Y%m%dT%H%M%S.%fZ}"
    try:
        kept.mkdir(parents=True)
        for name, data in error.evidence.items():
            (kept / name).write_bytes(data)
        (kept / "why.txt").write_text(f"{error}\n", "utf-8")
    except OSError as failure:
        # It is shown instead: what was found counts more than where it is kept.
        for name, data in error.evidence.items():
            report.done(name, data.decode("utf-8", "replace"))
        report.left_out("evidence", f"cannot be kept in {kept}: {failure}")
        return
    report.done("evidence", f"kept in {kept}")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise argparse.ArgumentTypeError("an address like https://factors.example")
    return text.rstrip("/")


def _hours(text: str) -> float:
    return _positive(text, 1e6)


def _seconds(text: str) -> float:
    return _positive(text, 1e5)


def _positive(text: str, most: float) -> float:
    found = float(text)
    if not 0 < found <= most:
        raise argparse.ArgumentTypeError(f"a number above 0, at most {most:g}")
    return found
