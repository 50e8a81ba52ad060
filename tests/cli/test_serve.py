"""python -m pipeline serve, as far as it goes without a server."""

import pytest

from pipeline.__main__ import main
from pipeline.cli import serve
from pipeline.errors import UserError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.7", "::1"])
def test_by_default_only_this_machine_s_names_count(host: str) -> None:
    hosts = serve.allowed_hosts(host)
    assert host in hosts
    assert "*" not in hosts


def test_any_name_counts_once_others_may_come() -> None:
    assert serve.allowed_hosts("0.0.0.0") == ["*"]


def test_names_of_machines_are_refused() -> None:
    with pytest.raises(UserError, match="--host example: allowed: localhost or an IP address"):
        serve.allowed_hosts("example")


def test_a_missing_package_is_named() -> None:
    with pytest.raises(UserError, match=r"needs no_such_package.*requirements-serve\.txt"):
        serve.require_packages(["json", "no_such_package"])


@pytest.mark.parametrize("port", ["99999", "-1", "65536", "http", "9" * 5000])
def test_a_port_that_no_machine_has_is_refused(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--port", port])
    assert "argument --port" in capsys.readouterr().err
