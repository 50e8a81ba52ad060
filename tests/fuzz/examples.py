"""How many examples each kind of damage gets: few in an ordinary run, many in `make fuzz`."""

from hypothesis import HealthCheck, settings

# Ordinary tests have a hundred examples of one property; here each of dozens of kinds is one.
_SHARE = 25
_PROFILE = settings.get_current_profile_name()

few = settings(
    max_examples=max(1, settings().max_examples // _SHARE),
    # The same examples in every ordinary run, so that what lands does not depend on chance.
    derandomize=_PROFILE != "fuzz",
    deadline=None,
    # An example overwrites the files of the one before.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
