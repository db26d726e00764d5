"""Steps 1 and 2: registering in person, and filing the tenancy."""

from __future__ import annotations

from datetime import timedelta

from runtime.clock import utc_now
from synthetic import exchange, facts
from synthetic.caller import Json
from synthetic.people import SyntheticPerson
from synthetic.registration import make_guardian
from synthetic.registration import register as register_person
from tests.journeys import portal
from tests.journeys.cast import HOME
from tests.journeys.claims import claim
from tests.journeys.day import Day
from tests.journeys.holdings import BIRTH_CERTIFICATE_NUMBER, PROPERTY_NUMBER, held_before
from tests.journeys.waiting import until

ITEM = "rental-contract-filing"


async def register(day: Day) -> None:
    """He registers at a window, his landlord has done so at a terminal; his child under his guardianship."""
    await tell_the_system(day)
    clerk = day.staff("clerk", "clerk-minzhi-01")
    people = day.people
    terminal = day.staff("terminal", "terminal-minzhi-07", community=people.landlord.community)
    day.ids[people.landlord.number] = await register_person(terminal, people.landlord, "terminal")
    day.say("register.landlord", landlord=people.landlord.name)
    for person in (people.newcomer, people.child, people.wife, people.senior, people.unlucky):
        day.ids[person.number] = await register_person(clerk, person)
    day.say("register.window", newcomer=people.newcomer.name, resident=day.ids[people.newcomer.number])
    await make_guardian(clerk, *_pair(day, people.newcomer), "father", BIRTH_CERTIFICATE_NUMBER)
    await make_guardian(clerk, *_pair(day, people.wife), "mother", BIRTH_CERTIFICATE_NUMBER)
    day.say("register.child", child=people.child.name, newcomer=people.newcomer.name, wife=people.wife.name)
    again = await register_person(clerk, people.newcomer)
    claim("registering again is the same resident", seen=again, expected=day.ids[people.newcomer.number])
    day.say("register.again")


async def file_tenancy(day: Day) -> None:
    """The landlord's certificate proves itself, the landlord confirms, the record is granted and stored."""
    newcomer, landlord = day.resident(day.people.newcomer), day.resident(day.people.landlord)
    form: dict[str, Json] = {
        "address": HOME,
        "term_from": (day.today - timedelta(days=1)).isoformat(),
        "term_to": (day.today + timedelta(days=729)).isoformat(),
        "monthly_rent": 3600,
        "certificate_number": PROPERTY_NUMBER,
    }
    application = await portal.draft(newcomer, ITEM, form, second_party_number=day.people.landlord.number)
    day.applications["tenancy"] = application
    await portal.submit(newcomer, application)
    day.say("tenancy.submitted", newcomer=day.people.newcomer.name, address=HOME)
    waiting = await until(
        lambda: portal.to_confirm(landlord),
        lambda found: any(each.application_id == application for each in found.items),
        what="the landlord is asked to confirm",
    )
    asked = next(each for each in waiting.items if each.application_id == application)
    day.say("tenancy.asked", landlord=day.people.landlord.name, statement=asked.statement)
    await portal.confirm(landlord, application)
    seen = await until(
        lambda: portal.see(newcomer, application),
        lambda it: it.granted is not None and it.granted.credential is not None,
        what="the rental contract record is granted and stored",
    )
    claim("the tenancy is approved", seen=seen.state, expected="approved")
    property_proof = seen.proof("landlord-property")
    claim("what proved the landlord's property", seen=property_proof and property_proof.source, expected="city-mirror")
    assert property_proof is not None
    day.say("tenancy.proven", source=property_proof.source_name)
    assert seen.granted is not None
    assert seen.granted.credential is not None
    day.say("tenancy.granted", document=seen.granted.document_type.name, identifier=seen.granted.credential.identifier)


async def tell_the_system(day: Day) -> None:
    """The city and the departments say what they hold, as they do every day."""
    held = held_before(day.people, day.today)
    at = utc_now()
    told = [facts.published(record, at) for record in held]
    told += [facts.withdrawn(record, at) for record in held if record.withdrawn]
    async with exchange.connected(day.system.amqp_url, day.system.keys) as events:
        await exchange.publish_all(events, told, lambda _: None)
    day.say("register.told", records=len(held))


def _pair(day: Day, guardian: SyntheticPerson) -> tuple[str, str]:
    return day.ids[guardian.number], day.ids[day.people.child.number]
