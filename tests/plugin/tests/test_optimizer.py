"""The operator fulfils the contract of operators."""

import pytest
from mutegreen_example.optimizer import Optimizer

from mutegreen.plugins import Operator
from mutegreen.testing.operators import OperatorContract


class TestOptimizer(OperatorContract):
    @pytest.fixture
    def operator(self) -> Operator:
        return Optimizer()


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(ValueError, match="needs one of sgd, momentum, sign, and the default is 'adam'"):
        Optimizer().choices("adam")
