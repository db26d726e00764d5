"""Three brokers, three members of the store, two of each service and the gateway, on this one machine.

The loss of a machine is then that of a `broker-n`, a `store-n` and one process of each service. It is a Stack, with
these names: `broker-1` to `broker-3`, `store-1` to `store-3`, `identity-1`, `identity-2`, …, `topology`, `gateway`;
`epmd` serves the brokers. `kill(name, signal)` and `start(name)` work on each, `infrastructure.primary()` names the
member that takes the writes, and `infrastructure.control("broker-2", …)` runs `rabbitmqctl`. `amqp_url` and
`mongodb_url` name all three.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from local_stack.ports import MACHINES, MOST_REPLICAS, SERVICES
from local_stack.processes import Start, popen
from local_stack.stack import Stack


class Cluster(Stack):
    """A stack of several of everything."""

    def __init__(
        self,
        var: Path | None = None,
        *,
        port_base: int | None = None,
        services: Collection[str] = SERVICES,
        start: Start = popen,
    ) -> None:
        super().__init__(
            var, port_base=port_base, services=services, replicas=MOST_REPLICAS, machines=MACHINES[-1], start=start
        )
