"""python -m pipeline serve: a local web page to try a model on your own posts."""

import ipaddress
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from importlib.util import find_spec

from pipeline.cli.predict import add_model_arguments, load_predictor
from pipeline.errors import UserError

_PACKAGES = ("starlette", "uvicorn", "python_multipart")
_PORT = 8765
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    parser.add_argument("--port", type=_port, default=_PORT, help=f"default: {_PORT}")
    add_model_arguments(parser)


def run(arguments: Namespace) -> None:
    require_packages(_PACKAGES)
    # Optional packages, which the other commands do without.
    import uvicorn

    from pipeline.serving.app import make_app

    hosts = allowed_hosts(arguments.host)
    if hosts == ["*"]:
        print(
            f"warning: {arguments.host} can be reached from other machines, without a password",
            file=sys.stderr,
        )
    app = make_app(load_predictor(arguments), hosts)
    name = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    print(f"open http://{name}:{arguments.port}/ in a browser; Ctrl+C stops it")
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_level="warning")


def require_packages(names: Iterable[str]) -> None:
    """Stop unless all these packages are installed.

    Raises:
        UserError: the missing ones, and how to install them.
    """
    if missing := [name for name in names if find_spec(name) is None]:
        raise UserError(
            f"serving needs {', '.join(missing)}; run: pip install -r requirements-serve.txt"
        )


def allowed_hosts(host: str) -> list[str]:
    """The `Host` headers to accept: the local ones for a loopback address, any for another.

    Raises:
        UserError: it is not an address.
    """
    if host == "localhost":
        return list(_LOOPBACK)
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise UserError(f"--host {host}: allowed: localhost or an IP address") from None
    return [*_LOOPBACK, host] if is_local else ["*"]


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise ArgumentTypeError(f"{port}; allowed: 0 to {2**16 - 1}")
    return port
