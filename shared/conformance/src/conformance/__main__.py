"""`make conformance DEPARTMENT=health [MESSAGES=folder]`: are a department's messages right?

Ends with 0 when all is right, 1 when something is not, 2 when it could not be tried out.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from bus.key_file import EventKeyError
from bus.signatures import EventSigner, key_file
from conformance.client import NoSystemError, SystemClient, connected
from conformance.contract import Contract, UnknownDepartmentError, contract_of
from conformance.drafts import Drafts
from conformance.messages import CheckedMessage, NoMessagesError, read
from conformance.report import TEXTS, Report, show
from conformance.run import File, Learnt, learn, send_files
from local_stack import broker
from local_stack.accounts.passwords import account_url, folder_of
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.ports import Ports
from records.person_encryption import PUBLIC_KEYS, PublicKey
from runtime.clock import utc_now
from runtime.console import language_of
from runtime.data_files import DataFileError
from runtime.texts import Language

PATIENCE = 60.0
_NARROWEST = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, try out, and report; 0 right, 1 not right, 2 not tried out."""
    language = language_of(os.environ)
    given = _parser(language).parse_args(arguments)
    try:
        contract = contract_of(given.department)
        files = read(given.messages, contract) if given.messages else ()
    except UnknownDepartmentError as error:
        known = ", ".join(error.known)
        return _stop(TEXTS.say(language, "problems.unknown-department", code=error.code, known=known))
    except NoMessagesError as error:
        return _stop(TEXTS.say(language, "problems.no-messages", folder=error))
    report = examine(contract, files, given.patience)
    if given.json:
        print(json.dumps(report.as_data(language), ensure_ascii=False, indent=2))
    else:
        console = Console(width=None if sys.stdout.isatty() else _NARROWEST)
        show(report, console, language)
    return 2 if report.problem else int(not report.is_right)


def examine(contract: Contract, files: Sequence[CheckedMessage], patience: float) -> Report:
    """Try out a department's files and the lessons; what was found before the system failed is kept."""
    run = f"{utc_now():%Y%m%d%H%M%S}-{secrets.token_hex(3)}"
    sent: list[File] = []
    learnt: list[Learnt] = []
    try:
        with _client(contract, patience) as client:
            drafts = Drafts(contract, run, utc_now(), key=_person_key())
            sent.extend(send_files(files, client, run))
            learnt.extend(learn(client, drafts))
    except NoSystemError as problem:
        unsent = [File(each.name, each.faults) for each in files[len(sent) :]]
        return Report(contract, [*sent, *unsent], learnt, problem)
    return Report(contract, sent, learnt)


@contextmanager
def _client(contract: Contract, patience: float) -> Iterator[SystemClient]:
    try:
        url = address(contract.department)
        signer = EventSigner.from_file(contract.department, key_of(contract.department))
    except (StackError, EventKeyError) as error:
        raise NoSystemError("no-account", str(error)) from error
    with connected(url, contract, patience, signer) as client:
        yield client


def address(department: str) -> str:
    """Return the broker's address with the department's account: AMQP_URL if that is it, else with our own password."""
    given = os.environ.get("AMQP_URL", "")
    if urlsplit(given).username == department:
        return given
    layout = Layout.from_environment()
    return account_url(given or broker.url(Ports.from_environment()), folder_of(layout), department)


def key_of(department: str) -> Path:
    """Return the file with the key that signs for the department: EVENT_KEY, else our own."""
    given = os.environ.get("EVENT_KEY", "")
    return Path(given) if given else Layout.from_environment().keys / key_file(department)


def _person_key() -> PublicKey:
    """Read the key to encrypt persons to, from PERSON_KEYS, else our own. Raises NoSystemError."""
    given = os.environ.get("PERSON_KEYS", "")
    try:
        return PublicKey.from_file(Path(given) if given else Layout.from_environment().keys / PUBLIC_KEYS)
    except DataFileError as error:
        raise NoSystemError("no-account", str(error)) from error


def _stop(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


def _parser(language: Language) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conformance", description=TEXTS.say(language, "help.what"))
    parser.add_argument("department", help=TEXTS.say(language, "help.department"))
    parser.add_argument("--messages", type=Path, help=TEXTS.say(language, "help.messages"))
    parser.add_argument("--patience", type=float, default=PATIENCE, help=TEXTS.say(language, "help.patience"))
    parser.add_argument("--json", action="store_true", help=TEXTS.say(language, "help.json"))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
