"""Names, keys and patterns that say which direction is better."""

import pytest

from mutegreen.model.metric_words import lower_is_better


@pytest.mark.parametrize(
    "text",
    [
        "loss",
        "eval_loss",
        "valLoss",
        "val_rmse",
        "MSE",
        "test.errors",
        "perplexity",
        r"test loss: (.+)",
        r"\[loss\] (?P<value>\S+)",
        r"accuracy \S+ loss (\S+)",
        r"(\S+) error",
        r"word error rate (.+)",
    ],
)
def test_a_loss_or_an_error_is_better_when_lower(text: str) -> None:
    assert lower_is_better(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accuracy",
        "mAP",
        "r2_score",
        "themselves",
        "glossary",
        r"result (.+)",
        r"loss: \S+, accuracy: (?P<value>\S+)",
        r"^Test set: Average loss: \S+, Accuracy: (?P<value>\d+)/(?P<of>\d+) ",
        r"accuracy (\S+) loss \S+",
    ],
)
def test_other_metrics_are_not(text: str) -> None:
    assert not lower_is_better(text)
