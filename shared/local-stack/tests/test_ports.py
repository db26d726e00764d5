from __future__ import annotations

import socket

import pytest

from local_stack.failure import StackError
from local_stack.ports import HOST, PROCESSES, Ports, require_free


def test_a_taken_port_is_named_with_the_setting_to_change() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port}, wanted for broker, .*YIZHENG_PORT_BASE"):
            require_free(port, "broker")


def test_a_free_port_is_fine() -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    require_free(port, "broker")


@pytest.mark.parametrize(("ports", "count"), [(Ports(20000), 8), (Ports(20000, replicas=2, machines=3), 18)])
def test_no_two_processes_share_a_port(ports: Ports, count: int) -> None:
    taken = ports.all()
    assert len(set(taken)) == len(taken) == count + ports.replicas * len(PROCESSES)
    assert max(taken) < 20049


@pytest.mark.parametrize("text", ["eighteen", "80", "70000", "-1"])
def test_a_port_base_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("YIZHENG_PORT_BASE", text)
    with pytest.raises(StackError, match=f"not '{text}'"):
        Ports.from_environment()


@pytest.mark.parametrize(("name", "text"), [("REPLICAS", "0"), ("REPLICAS", "3"), ("MACHINES", "2"), ("MACHINES", "x")])
def test_numbers_of_processes_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(StackError, match=f"{name} must be .* not '{text}'"):
        Ports.from_environment()


def test_without_a_setting_the_ports_start_at_18000(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHENG_PORT_BASE", "")
    assert Ports.from_environment().gateway == 18000
