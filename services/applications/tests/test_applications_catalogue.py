"""The catalogue: search, requirements asked once, 432 items, and files with errors."""

from __future__ import annotations

import shutil
from pathlib import Path
from time import process_time

import pytest

from applications import events
from applications.config import Settings
from applications.domain.catalogue import Catalogue, WantedDocument, digest_of
from applications.domain.item import ItemRequirement, ServiceItem
from applications.domain.rules import ItemPromise
from applications.handlers import catalogue
from applications.main import create_app
from applications.store.catalogue_files import read_catalogue
from runtime.data_files import DataFileError
from services.applications.tests.many_items import ALL_ITEMS, write_many_items
from services.applications.tests.office import CATALOGUE, DATA, Office
from testkit.document_types import spoilt_type


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data to spoil."""
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    return copy


def spoil(folder: Path, name: str, right: str, wrong: str) -> str:
    """Put an error into a file; return the file and the line where it is."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    before, found, after = text.partition(right)
    assert found
    path.write_text(f"{before}{wrong}{after}", encoding="utf-8")
    return f"{path}:{before.count(chr(10)) + 1}:"


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (
            WantedDocument(),
            ["rental-contract-filing", "residence-permit", "school-enrolment", "senior-allowance", "senior-card"],
        ),
        (WantedDocument(text="居住證"), ["residence-permit"]),
        (WantedDocument(text="SENIOR monthly"), ["senior-allowance"]),
        (WantedDocument(text="津貼 老年人"), ["senior-allowance"]),
        (WantedDocument(department="civil"), ["senior-allowance", "senior-card"]),
        (WantedDocument(document_type="rental-contract-record"), ["residence-permit", "school-enrolment"]),
        (WantedDocument(grants="rental-contract-record"), ["rental-contract-filing"]),
        (WantedDocument(subject="child"), ["school-enrolment"]),
        (WantedDocument(decision="automatic", department="housing"), ["rental-contract-filing"]),
        (WantedDocument(text="护照"), []),
    ],
)
def test_items_are_found_by_words_in_either_script_and_by_filters(wanted: WantedDocument, codes: list[str]) -> None:
    assert [item.code for item in CATALOGUE.search(wanted, after=None, limit=100)] == codes


def test_a_page_begins_after_the_last_code() -> None:
    assert [i.code for i in CATALOGUE.search(WantedDocument(), after="residence-permit", limit=1)] == [
        "school-enrolment"
    ]


def with_more(item: ServiceItem, *requirements: ItemRequirement) -> ServiceItem:
    """Return an item that has more requirements; none of what the first one has worked out."""
    return ServiceItem.model_construct(**{**dict(item), "requirements": (*item.requirements, *requirements)})


def test_the_same_requirement_is_asked_once() -> None:
    item = CATALOGUE.item("senior-card")
    first = item.requirements[0]
    again = first.model_copy(update={"key": "id-card-again", "claims": {"name": "holder.name", "sex": "male"}})
    other = first.model_copy(update={"key": "guardian", "holder": "subject"})
    doubled = with_more(item, again, other)
    assert [requirement.key for requirement in doubled.asked] == ["id-card", "photo", "status", "guardian"]
    assert doubled.asked[0].claims["sex"] == "male"


def test_requirements_with_other_claims_are_asked_apart() -> None:
    item = CATALOGUE.item("senior-card")
    other = item.requirements[0].model_copy(update={"key": "old-name", "claims": {"name": "form.former_name"}})
    doubled = with_more(item, other)
    assert [requirement.key for requirement in doubled.asked] == ["id-card", "photo", "status", "old-name"]


def test_432_items_load_quickly_and_are_searched_at_once(tmp_path: Path) -> None:
    write_many_items(tmp_path / "many")
    begun = process_time()
    loaded = read_catalogue(tmp_path / "many")
    took = process_time() - begun
    assert len(loaded.items) == ALL_ITEMS
    assert len(loaded.search(WantedDocument(text="居住證"), after=None, limit=ALL_ITEMS)) == 87
    assert took < 10  # about one second; a bound that only a different order of cost can break


def test_a_type_of_a_department_that_there_is_not_is_named_with_its_line(tmp_path: Path) -> None:
    path = spoilt_type(tmp_path, "property-certificate", "department: land", "department: sea")
    with pytest.raises(DataFileError) as refused:
        read_catalogue(Settings().catalogue, tmp_path)
    assert str(refused.value) == f"{path}:2: no such department: sea"


@pytest.mark.parametrize(
    ("name", "right", "wrong", "said"),
    [
        ("items/senior-card.yaml", "review: automatic", "review: robots", "'people' or 'automatic'"),
        ("items/senior-card.yaml", "at_once: true", "at_once: true, days: 3", "exactly one"),
        ("items/senior-card.yaml", "{rule: age,", "{rule: height,", "'age'"),
        ("items/senior-card.yaml", "department: civil", "department: civic", "no such department: civic"),
        ("items/senior-card.yaml", "any_of: [portrait-photo]", "any_of: [passport]", "no such document type: passport"),
        ("items/residence-permit.yaml", "address: form.address}", "address: form.adress}", "form.adress"),
        ("items/residence-permit.yaml", "zh-CN: 深圳,", "zh-CN: 亚特兰蒂斯,", "亚特兰蒂斯"),
        ("items/rental-contract-filing.yaml", "after: term_from", "after: term_begin", "no field 'term_begin'"),
        ("items/rental-contract-filing.yaml", "owner_name: holder.name", "owner_name: holder.age", "there is no 'age'"),
        ("items/school-enrolment.yaml", "  holder: subject\n  fields", "  holder: nobody\n  fields", "'applicant'"),
        ("items/senior-allowance.yaml", "- key: account\n", "- key: household\n", "the same key twice"),
        ("items/senior-card.yaml", "synonyms: [老人证,", "synonyms: ['',", "at least 1 character"),
        (
            "search_words.yaml",
            "items: [school-enrolment]",
            "items: [school-enrollment]",
            "no such item: school-enrollment",
        ),
        ("items/senior-card.yaml", "notices: all", "notices: some", "'nothing', 'approvals' or 'all'"),
        ("items/school-enrolment.yaml", "by: 08-31", "by: 02-29", "String should match pattern"),
        ("search_words.yaml", "  edu: [", "  education: [", "no such department: education"),
        ("search_words.yaml", "- 我要", "- ' '", "String should match pattern"),
        ("switching_off.yaml", "city_mirror_share: 0.99", "city_mirror_share: 99", "less than or equal to 1"),
    ],
)
def test_a_file_with_an_error_stops_the_start_and_is_named_with_its_line(
    folder: Path, settings: Settings, name: str, right: str, wrong: str, said: str
) -> None:
    place = spoil(folder, name, right, wrong)
    with pytest.raises(DataFileError) as refused:
        create_app(settings.model_copy(update={"catalogue": folder}))
    assert str(refused.value).startswith(place)
    assert said in str(refused.value)


def test_every_file_with_an_error_is_named(folder: Path) -> None:
    spoil(folder, "items/senior-card.yaml", "review: automatic", "review: robots")
    spoil(folder, "items/residence-permit.yaml", "promise: {days: 7}", "promise: soon")
    with pytest.raises(DataFileError) as refused:
        read_catalogue(folder)
    assert "senior-card.yaml:11: review:" in str(refused.value)
    assert "residence-permit.yaml:" in str(refused.value)


def test_a_file_is_named_after_its_item(folder: Path) -> None:
    (folder / "items" / "senior-card.yaml").rename(folder / "items" / "card.yaml")
    with pytest.raises(DataFileError, match=r"card\.yaml:3: code: senior-card must be the file's name, card"):
        read_catalogue(folder)


def test_a_promise_says_one_thing() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        ItemPromise()


async def test_an_item_is_published_when_its_content_changed_and_only_then() -> None:
    office = Office()
    for outcome in await catalogue.publish_items(office.deps):
        office.commits(outcome)
    assert len(office.events(events.ItemPublished)) == len(CATALOGUE.items)
    assert await catalogue.publish_items(office.deps) == []
    changed = CATALOGUE.item("senior-card").model_copy(update={"promise": ItemPromise(days=2)})
    renewed = Office(catalogue=_with(changed))
    renewed.published_items.all = office.published_items.all
    (outcome,) = await catalogue.publish_items(renewed.deps)
    (event,) = outcome.events
    assert isinstance(event, events.ItemPublished)
    assert (event.item, event.digest) == ("senior-card", digest_of(changed))


def _with(item: ServiceItem) -> Catalogue:
    return Catalogue({**CATALOGUE.items, item.code: item}, CATALOGUE.document_types, CATALOGUE.departments)
