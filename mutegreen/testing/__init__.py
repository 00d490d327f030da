"""Contract suites for plug-ins: the classes that MuteGreen's own operators and meters are tested with.

A plug-in's tests derive a class from `operators.OperatorContract` or `meters.MeterContract` and override one fixture.
The suites need pytest; `simulated` does not.
"""

import sys

if "pytest" in sys.modules:  # so that a failed assertion of a suite shows its values, as in a test file
    sys.modules["pytest"].register_assert_rewrite("mutegreen.testing.meters", "mutegreen.testing.operators")
