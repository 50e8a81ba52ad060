"""How many examples each kind of damage gets, and what a reader may do with them."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, settings

from pipeline.errors import printable, shortened

T = TypeVar("T")

# Few in an ordinary run, many in `make fuzz`: ordinary tests have a hundred examples of one
# property, while each of dozens of kinds is one here.
_SHARE = 50
_PROFILE = settings.get_current_profile_name()

few = settings(
    max_examples=max(1, settings().max_examples // _SHARE),
    # The same examples in every ordinary run, so that what lands does not depend on chance.
    derandomize=_PROFILE != "fuzz",
    deadline=None,
    # An example overwrites the files of the one before.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def outcome(read: Callable[[], T], *allowed: type[Exception]) -> T | None:
    """What a reader returns, or None where it raises an allowed exception with a reason."""
    try:
        return read()
    except allowed as error:
        reason = str(error)
    assert printable(shortened(reason)).strip().encode()
    return None
