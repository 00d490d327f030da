"""Contract suites for plug-ins: the classes that MuteGreen's own operators and meters are tested with.

The tests of a plug-in derive a class from `operators.OperatorContract` or `meters.MeterContract` and override one
fixture. The suites need pytest; `simulated` does not.
"""

import sys

if "pytest" in sys.modules:  # a failed assertion of a suite then shows its values, as in a test file
    sys.modules["pytest"].register_assert_rewrite("mutegreen.testing.meters", "mutegreen.testing.operators")
