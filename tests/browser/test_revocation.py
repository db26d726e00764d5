"""What the provider ends has ended at every service, and no token of staff lasts longer than its role's may."""

from __future__ import annotations

import secrets

import httpx

from local_stack import tokens
from local_stack.devices import ProvingAuth
from local_stack.keys import CLIENT_SECRET
from local_stack.provider.app import CLIENT_ID
from local_stack.stack import Stack
from tests.contract.access import table
from tests.end_to_end.test_access import doors, filled
from web.auth import STAFF, Role


async def test_no_service_takes_a_staff_token_that_the_provider_has_ended_or_that_lasts_too_long(stack: Stack) -> None:
    keys, auth = stack.layout.keys, ProvingAuth(stack.layout.keys)
    secret = (keys / CLIENT_SECRET).read_text(encoding="ascii").strip()

    def made(role: Role, hours: float) -> str:
        return tokens.sign(keys, role, subject=f"walker-{role}", hours=hours, claims={"sid": secrets.token_hex(8)})

    async with (
        doors(stack) as services,
        httpx.AsyncClient(
            base_url=stack.ports.provider_url, verify=stack.trusted, auth=(CLIENT_ID, secret)
        ) as provider,
    ):
        for name, client in services.items():
            operation, role = next(
                ((it, min(of.roles & STAFF)) for it, of in table().of(name).items() if of.roles & STAFF),
                (next(iter(table().of(name))), Role.CLERK),  # none is for staff; the token is judged first
            )
            method, path = filled(operation, {})
            ended, endless = made(role, 1), made(role, 13)
            (await provider.post("/revoke", data={"token": ended})).raise_for_status()
            for token, code in ((ended, "revoked-token"), (endless, "long-token")):
                headers = {"Authorization": f"Bearer {token}"}
                answer = await client.request(method, path, headers=headers, auth=auth)
                assert (answer.status_code, answer.json()["code"]) == (401, code), (name, operation)
