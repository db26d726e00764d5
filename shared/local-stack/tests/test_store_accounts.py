"""What each service's account can do on a real store; everything else, on every other service's database, is tried."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from bson.int64 import Int64
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from local_stack.accounts import databases
from local_stack.accounts.passwords import address
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.store import prepare_given
from testkit.fixtures import StackAddresses

Store = MongoClient[dict[str, Any]]
Attempt = Callable[[Store, str, str], object]

UNAUTHORIZED = 13
UNKNOWN_COMMAND = 59
"""The answer of a MongoDB before 8 to what came with 8."""
SERVICES = databases.services()

ATTEMPTS: dict[str, Attempt] = {
    "find": lambda store, _, other: store[other]["secrets"].find_one({}),
    "count": lambda store, _, other: store[other]["secrets"].count_documents({}),
    "distinct": lambda store, _, other: store[other]["secrets"].distinct("_id"),
    "watch": lambda store, _, other: store[other]["secrets"].watch().try_next(),
    "watch all": lambda store, *_: store.watch().try_next(),
    "insert": lambda store, _, other: store[other]["secrets"].insert_one({}),
    "update": lambda store, _, other: store[other]["secrets"].update_one({}, {"$set": {"a": 1}}),
    "find and change": lambda store, _, other: store[other]["secrets"].find_one_and_update({}, {"$set": {"a": 1}}),
    "delete": lambda store, _, other: store[other]["secrets"].delete_many({}),
    "the key vault": lambda store, _, other: store[other]["keys"].find_one({}),
    "files": lambda store, _, other: store[other]["fs.chunks"].find_one({}),
    "names of collections": lambda store, _, other: store[other].list_collection_names(),
    "statistics": lambda store, _, other: store[other].command("dbStats"),
    "create a collection": lambda store, _, other: store[other].create_collection("mine"),
    "create an index": lambda store, _, other: store[other]["secrets"].create_index("a"),
    "drop an index": lambda store, _, other: store[other]["secrets"].drop_indexes(),
    "drop a collection": lambda store, _, other: store[other].drop_collection("secrets"),
    "drop the database": lambda store, _, other: store.drop_database(other),
    "take a collection": lambda store, own, other: store.admin.command(
        "renameCollection", f"{other}.secrets", to=f"{own}.mine"
    ),
    "$out": lambda store, own, other: list(store[own]["a"].aggregate([{"$out": {"db": other, "coll": "secrets"}}])),
    "$merge": lambda store, own, other: list(
        store[own]["a"].aggregate([{"$merge": {"into": {"db": other, "coll": "secrets"}}}])
    ),
    "names of databases": lambda store, *_: _names_of_others(store),
    "users": lambda store, *_: store.admin.command("usersInfo", 1),
    "users' passwords": lambda store, *_: store.admin["system.users"].find_one({}),
    "make a user": lambda store, *_: store.admin.command("createUser", "evil", pwd="x", roles=["root"]),
    "make a user in one's own": lambda store, own, _: store[own].command("createUser", "evil", pwd="x", roles=["root"]),
    "more rights": lambda store, own, _: store.admin.command("grantRolesToUser", own, roles=["root"]),
    "another's password": lambda store, _, other: store.admin.command("updateUser", other, pwd="x"),
    "the oplog": lambda store, *_: store["local"]["oplog.rs"].find_one({}),
    "settings": lambda store, *_: store.admin.command("getParameter", "*"),
    "who does what": lambda store, *_: store.admin.command("currentOp"),
    "profiling": lambda store, _, other: store[other].command("profile", 2),
    "bulk write": lambda store, _, other: store.admin.command(
        {
            "bulkWrite": 1,
            "ops": [{"insert": 0, "document": {"_id": os.urandom(8)}}],
            "nsInfo": [{"ns": f"{other}.b"}],
        }
    ),
    "put a collection there": lambda store, own, other: store.admin.command(
        "renameCollection", f"{own}.given", to=f"{other}.given"
    ),
    "end all sessions": lambda store, *_: store.admin.command("killAllSessions", []),
    "step down": lambda store, *_: store.admin.command("replSetStepDown", 1),
}

OTHERS_CURSORS: tuple[Attempt, ...] = (
    lambda store, cursor, other: store[other].command("getMore", Int64(cursor), collection="many", batchSize=2),
    lambda store, cursor, _: _end_in_own(store, Int64(cursor)),
)
"""The same with a cursor that somebody else opened."""


def _end_in_own(store: Store, cursor: Int64) -> None:
    """End a cursor under the name of one's own database; MongoDB finds none there, which is as good as a refusal."""
    if not store["matcher"].command("killCursors", "many", cursors=[cursor])["cursorsKilled"]:
        raise OperationFailure("no such cursor there", UNAUTHORIZED)


def _names_of_others(store: Store) -> None:
    """List the databases; MongoDB answers with those that the account may see: its own, which tells it nothing new."""
    if len(store.list_database_names()) <= 1:
        raise OperationFailure("nothing of others", UNAUTHORIZED)


def refused(attempt: Attempt, store: Store, own: str, other: str) -> int:
    """Try something; return the code with which the store refused it, 0 when it did not."""
    try:
        attempt(store, own, other)
    except OperationFailure as error:
        return error.code or -1
    return 0


@pytest.fixture(scope="module")
def root(private: StackAddresses) -> Iterator[Store]:
    """The administrator, who has put something into every database."""
    with Store(private.mongodb) as store:
        for name in SERVICES:
            store[name]["secrets"].replace_one({"_id": 1}, {"of": name}, upsert=True)
        yield store
        for name in SERVICES:
            store.drop_database(name)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each service in turn."""
    return str(request.param)


@pytest.fixture
def store(root: Store, private: StackAddresses, service: str) -> Iterator[Store]:
    """The store as the service sees it."""
    assert root.address
    with Store(databases.url_of(private.mongodb, private.store_accounts, service)) as opened:
        yield opened


def test_each_reads_and_writes_its_own_database_in_transactions_too(store: Store, service: str) -> None:
    own = store[service]
    own["a"].create_index("name")
    with store.start_session() as session, session.start_transaction():
        own["a"].insert_one({"name": "x"}, session=session)
        own["a"].update_one({"name": "x"}, {"$set": {"name": "y"}}, session=session)
    assert own["a"].find_one({"name": "y"})
    assert "a" in own.list_collection_names()
    own["a"].drop_index("name_1")
    own.drop_collection("a")


def test_nothing_can_be_done_in_any_other_database_or_to_the_store(store: Store, root: Store, service: str) -> None:
    for name in ("a", "given"):
        store[service][name].insert_one({})
    others = [name for name in SERVICES if name != service]

    codes = {
        f"{what} of {other}": refused(attempt, store, service, other)
        for what, attempt in ATTEMPTS.items()
        for other in others
    }

    assert {what: code for what, code in codes.items() if code not in {UNAUTHORIZED, UNKNOWN_COMMAND}} == {}
    assert all(root[name]["secrets"].count_documents({}) == 1 for name in SERVICES)


def test_a_transaction_reaches_into_no_other_database(store: Store, service: str) -> None:
    other = next(name for name in SERVICES if name != service)
    with store.start_session() as session:
        session.start_transaction()
        store[service]["a"].insert_one({}, session=session)
        with pytest.raises(OperationFailure, match="not authorized"):
            store[other]["secrets"].insert_one({}, session=session)


def test_the_cursor_of_another_account_can_neither_be_read_nor_ended(root: Store, private: StackAddresses) -> None:
    root["identity"]["many"].insert_many([{"_id": number} for number in range(9)])
    try:
        cursor = root["identity"].command("find", "many", batchSize=2)["cursor"]["id"]
        with Store(databases.url_of(private.mongodb, private.store_accounts, "matcher")) as store:
            codes = [refused(attempt, store, str(cursor), "identity") for attempt in OTHERS_CURSORS]
    finally:
        root["identity"].drop_collection("many")
    assert codes == [UNAUTHORIZED, UNAUTHORIZED]


def test_without_a_password_or_with_anothers_nothing_is_said(root: Store, private: StackAddresses) -> None:
    assert root.address
    bare = "mongodb://" + private.mongodb.partition("@")[2]
    with Store(bare) as nobody, pytest.raises(OperationFailure, match="auth"):
        nobody["identity"]["secrets"].find_one({})
    passwords = {each["user"]: each["pwd"] for each in databases.accounts(private.store_accounts)}
    assert len(set(passwords.values())) == len(SERVICES)
    wrong = bare.replace("mongodb://", f"mongodb://identity:{passwords['matcher']}@")
    with Store(wrong) as other, pytest.raises(OperationFailure, match="uthentication"):
        other["identity"]["secrets"].find_one({})


def test_passwords_stand_on_no_command_line(private: StackAddresses) -> None:
    passwords = {path.read_text().strip() for path in private.store_accounts.iterdir()}
    assert len(passwords) > len(SERVICES)
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any("pytest" in line for line in lines)
    assert not [line for line in lines if any(password in line for password in passwords)]


def test_on_a_given_store_services_have_accounts_where_the_given_one_may_make_them(
    root: Store, private: StackAddresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URL", private.mongodb)
    layout = Layout(tmp_path)
    folder = databases.folder_of(layout)
    password = secrets.token_hex()
    root.admin.command({"createUser": "plain", "pwd": password, "roles": ["readWriteAnyDatabase"]})
    try:
        prepare_given(layout, private.mongodb)
        own = databases.url_of(private.mongodb, folder, "identity")
        with Store(own) as store, pytest.raises(OperationFailure, match="not authorized"):
            store["matcher"]["secrets"].find_one({})
        given = address(private.mongodb, "plain", password)
        prepare_given(layout, given)
        assert databases.url_of(given, folder, "identity") == given
    finally:
        root.admin.command("dropUser", "plain")
        databases.ensure_accounts(private.mongodb, private.store_accounts)


def test_an_address_keeps_its_hosts_and_options_when_it_names_a_services_account(tmp_path: Path) -> None:
    databases.accounts(tmp_path)
    given = "mongodb://root:x@one:1,two:2/things?replicaSet=rs&tls=true&authSource=others&authMechanism=SCRAM-SHA-1"
    password = (tmp_path / "matcher").read_text().strip()
    own = databases.url_of(given, tmp_path, "matcher")
    assert own == f"mongodb://matcher:{password}@one:1,two:2/things?replicaSet=rs&tls=true&authSource=admin"
    assert databases.url_of("mongodb://one:1,two:2/?tls=true", tmp_path, "matcher") == "mongodb://one:1,two:2/?tls=true"


def test_a_given_store_that_refuses_its_account_stops_the_start_with_the_reason(
    private: StackAddresses, tmp_path: Path
) -> None:
    wrong = address(private.mongodb, "administrator", "wrong")
    with pytest.raises(StackError, match=r"the store that MONGODB_URL names can't be used: Authentication failed"):
        prepare_given(Layout(tmp_path), wrong)
