from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_stack.layout import ROOT
from local_stack.setup import environment, system_packages
from local_stack.setup.report import SetupError
from local_stack.setup.system_packages import DENY, POLICY, Need, services_kept_down
from testkit.patience import IN_TIME

MISSING = Need("a-program-that-nobody-has", "its-package")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    for name in (*environment.LOCKS, environment.INSTALLER_LOCK):
        (tmp_path / "requirements" / name).write_text(f"{name}==1\n")
    (tmp_path / "services" / "one" / "src").mkdir(parents=True)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / environment.STAMP).write_text(environment.fingerprint(tmp_path))
    return tmp_path


def test_setting_up_a_second_time_takes_a_moment_and_says_nothing() -> None:
    command = [sys.executable, "-m", "local_stack.setup", "python"]
    path = {**os.environ, "PYTHONPATH": str(ROOT / "shared" / "local-stack" / "src")}
    subprocess.run(command, env=path, check=True, capture_output=True)

    started = time.monotonic()
    again = subprocess.run(command, env=path, check=True, capture_output=True)

    assert time.monotonic() - started < IN_TIME
    assert again.stdout + again.stderr == b""


def test_an_environment_is_current_until_a_lock_changes(workspace: Path) -> None:
    assert environment.is_current(workspace)
    (workspace / "requirements" / "dev.txt").write_text("something==2\n")
    assert not environment.is_current(workspace)


def test_an_environment_is_current_until_a_service_is_added(workspace: Path) -> None:
    (workspace / "services" / "two" / "src").mkdir(parents=True)
    assert not environment.is_current(workspace)


def test_an_environment_whose_python_is_gone_is_made_anew(workspace: Path) -> None:
    (workspace / ".venv" / "bin" / "python").unlink()
    assert not environment.is_current(workspace)
    assert not environment.works(workspace / ".venv")


def test_the_commands_that_packages_declare_stand_beside_python(workspace: Path) -> None:
    declaring = '[project]\nname = "one"\n[project.scripts]\nhello = "platform:python_version"\n'
    (workspace / "services" / "one" / "pyproject.toml").write_text(declaring)
    assert not environment.is_current(workspace)

    environment.write_scripts(workspace, workspace / ".venv")

    done = subprocess.run([workspace / ".venv" / "bin" / "hello"], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == ".".join(map(str, sys.version_info[:3]))


def test_the_locks_pin_everything_by_hash_and_name_no_host() -> None:
    for name in (*environment.LOCKS, environment.INSTALLER_LOCK):
        text = (ROOT / "requirements" / name).read_text()
        assert "://" not in text
        for requirement in re.findall(r"^[a-z0-9][^\n]*\n[^\n]*", text, re.MULTILINE):
            assert "==" in requirement
            assert "--hash=sha256:" in requirement


def test_without_a_package_manager_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="please install its-package"):
        system_packages.ensure([MISSING], tmp_path / "log")


def test_without_root_it_says_what_root_should_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\nexit 1\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="apt-get install --no-install-recommends its-package"):
        system_packages.ensure([MISSING], tmp_path / "log")


def test_with_everything_there_nothing_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    system_packages.ensure([Need("python", "python3")], tmp_path / "log")
    assert not (tmp_path / "log").exists()


def test_only_the_tests_and_the_clicked_day_need_a_browser() -> None:
    parts = ("run", "browse", "chaos", "test")
    run, browse, chaos, test = ({need.package for need in system_packages.wanted(part)} for part in parts)
    assert browse - run == {"chromium", "fonts-noto-cjk"}
    assert chaos - run == {"libfaketime"}
    tools = {"chromium-headless-shell", "fonts-noto-cjk", "prometheus", "amqp-tools", "zbar-tools"}
    assert test - chaos == tools
    assert system_packages.wanted("python") == ()


def test_services_are_kept_down_only_while_packages_are_installed(tmp_path: Path) -> None:
    policy = tmp_path / POLICY
    with services_kept_down(tmp_path):
        assert subprocess.call([policy, "rabbitmq-server", "start"]) == 101
    assert not policy.exists()


def fail_where(condition: bool) -> float:  # noqa: FBT001 - a question, not a switch
    return 1 / (not condition)


def test_the_machines_own_policy_comes_back_even_after_a_failure(tmp_path: Path) -> None:
    policy = tmp_path / POLICY
    policy.parent.mkdir(parents=True)
    policy.write_text("#!/bin/sh\nexit 104\n")
    policy.chmod(0o750)
    with pytest.raises(ZeroDivisionError), services_kept_down(tmp_path):
        fail_where("exit 101" in policy.read_text())
    assert policy.read_text() == "#!/bin/sh\nexit 104\n"
    assert policy.stat().st_mode & 0o777 == 0o750
    assert list(policy.parent.iterdir()) == [policy]


def test_the_machines_own_policy_survives_a_set_up_that_was_killed(tmp_path: Path) -> None:
    policy = tmp_path / POLICY
    policy.parent.mkdir(parents=True)
    policy.write_text(DENY)
    policy.with_name("policy-rc.d.before-yizheng").write_text("own")
    with services_kept_down(tmp_path):
        assert policy.read_text() == DENY
    assert policy.read_text() == "own"
