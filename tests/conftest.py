"""What all tests share: settings that do not depend on the user's, and how Hypothesis searches."""

import os

from hypothesis import HealthCheck, settings

# Tests say themselves which flags they need; those of the user's environment would change what is expected.
os.environ["THEANO_FLAGS"] = ""
os.environ["THEANORC"] = ""

_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, max_examples=25, database=None, **_common)
settings.register_profile("search", max_examples=500, **_common)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
