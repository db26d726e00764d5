from messaging.topology import Topology
from runtime.kernel import Database


async def test_a_test_gets_a_real_store_and_a_real_broker(
    database: Database, bus: str, full_topology: Topology
) -> None:
    await database["things"].insert_one({"_id": "a"})

    assert await database["things"].count_documents({}) == 1
    assert bus.startswith("amqp")
    assert "matcher" in full_topology.services
