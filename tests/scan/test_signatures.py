"""The table of signatures agrees with the installed libraries and with their documentation."""

from __future__ import annotations

from typing import Any

import pytest

from support.api_signatures import (
    LIBRARIES,
    PATTERNS,
    REMOVED,
    TABLE,
    by_hand,
    completed,
    load,
    observe,
    of_library,
    rendered,
    spelled,
)

DOCUMENTED = {
    "torch.optim.SGD": "params lr momentum dampening weight_decay nesterov",
    "torch.optim.Adam": "params lr betas eps weight_decay amsgrad",
    "torch.optim.Adadelta": "params lr rho eps weight_decay",
    "torch.optim.RMSprop": "params lr alpha eps weight_decay momentum centered",
    "torch.optim.lr_scheduler.StepLR": "optimizer step_size gamma",
    "torch.optim.lr_scheduler.MultiStepLR": "optimizer milestones gamma",
    "torch.optim.lr_scheduler.ExponentialLR": "optimizer gamma",
    "torch.optim.lr_scheduler.CosineAnnealingLR": "optimizer T_max eta_min",
    "torch.optim.lr_scheduler.ReduceLROnPlateau": "optimizer mode factor patience",
    "torch.optim.lr_scheduler.OneCycleLR": "optimizer max_lr total_steps epochs steps_per_epoch",
    "torch.optim.swa_utils.SWALR": "optimizer swa_lr anneal_epochs",
    "torch.utils.data.DataLoader": "dataset batch_size shuffle sampler batch_sampler num_workers",
    "torch.nn.Dropout": "p inplace",
    "torch.nn.functional.dropout": "input p training inplace",
    "torch.nn.LSTM": "input_size hidden_size num_layers bias batch_first dropout bidirectional",
    "torch.nn.GRU": "input_size hidden_size num_layers bias batch_first dropout bidirectional",
    "torch.nn.RNN": "input_size hidden_size num_layers nonlinearity bias batch_first dropout bidirectional",
    "torch.nn.TransformerEncoderLayer": "d_model nhead dim_feedforward dropout",
    "torch.nn.MultiheadAttention": "embed_dim num_heads dropout",
    "torch.nn.BatchNorm2d": "num_features eps momentum affine",
    "torch.nn.CrossEntropyLoss": "weight size_average ignore_index reduce reduction label_smoothing",
    "torch.nn.utils.clip_grad_norm_": "parameters max_norm norm_type",
    "torch.nn.utils.clip_grad_value_": "parameters clip_value",
    "torch_geometric.loader.DataLoader": "dataset batch_size shuffle",
    "torch_geometric.loader.NeighborLoader": "data num_neighbors",
    "keras.layers.Dropout": "rate",
    "keras.layers.BatchNormalization": "axis momentum epsilon",
    "keras.Model.fit": "x y batch_size epochs verbose",
    "keras.models.Sequential.fit_generator": "generator steps_per_epoch epochs",
    "keras.optimizers.SGD": "learning_rate momentum nesterov",
    "keras.optimizers.Adam": "learning_rate beta_1 beta_2 epsilon",
    "keras.optimizers.schedules.ExponentialDecay": "initial_learning_rate decay_steps decay_rate staircase",
    "keras.callbacks.ReduceLROnPlateau": "monitor factor patience",
    "keras.callbacks.EarlyStopping": "monitor min_delta patience",
    "tensorflow.keras.Model.fit": "x y batch_size epochs verbose",
    "tensorflow.keras.optimizers.SGD": "learning_rate momentum nesterov",
    "tensorflow.train.MomentumOptimizer": "learning_rate momentum",
    "tensorflow.compat.v1.train.AdamOptimizer": "learning_rate beta1 beta2 epsilon",
    "tensorflow.train.exponential_decay": "learning_rate global_step decay_steps decay_rate staircase",
    "tensorflow.nn.dropout": "x rate",
    "tensorflow.compat.v1.nn.dropout": "x keep_prob",
    "tensorflow.data.Dataset.batch": "batch_size drop_remainder",
    "tensorflow.layers.dropout": "inputs rate",
    "tensorflow.contrib.layers.dropout": "inputs keep_prob",
    "optax.sgd": "learning_rate momentum nesterov",
    "optax.adam": "learning_rate b1 b2 eps",
    "optax.exponential_decay": "init_value transition_steps decay_rate",
    "optax.warmup_cosine_decay_schedule": "init_value peak_value warmup_steps decay_steps",
    "optax.clip_by_global_norm": "max_norm",
    "flax.linen.Dropout": "rate",
    "flax.nnx.Dropout": "rate",
    "transformers.get_linear_schedule_with_warmup": "optimizer num_warmup_steps num_training_steps",
    "sklearn.neural_network.MLPClassifier": "hidden_layer_sizes activation",
    "xgboost.train": "params dtrain num_boost_round",
}
"""First positions as the libraries' reference pages give them."""

BY_KEYWORD = {
    "lightning.Trainer": "max_epochs max_steps gradient_clip_val accumulate_grad_batches",
    "lightning.pytorch.Trainer": "max_epochs max_steps",
    "pytorch_lightning.Trainer": "max_epochs max_steps",
    "sklearn.linear_model.SGDClassifier": "alpha max_iter eta0",
    "sklearn.neural_network.MLPClassifier": "alpha batch_size learning_rate_init momentum",
    "torch_geometric.loader.NeighborLoader": "batch_size",
    "xgboost.XGBClassifier": "learning_rate n_estimators",
}
"""Parameters that the reference pages put behind a star, or that a call hands on to another."""

FAMILIES = {
    "torch.optim": "Adadelta Adagrad Adam AdamW SparseAdam Adamax ASGD LBFGS NAdam RAdam RMSprop Rprop SGD",
    "torch.optim.lr_scheduler": (
        "LambdaLR MultiplicativeLR StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR CosineAnnealingLR"
        " ChainedScheduler SequentialLR ReduceLROnPlateau CyclicLR OneCycleLR CosineAnnealingWarmRestarts"
    ),
    "torch.nn": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout BatchNorm1d SyncBatchNorm",
    "keras.optimizers": "SGD RMSprop Adam AdamW Adadelta Adagrad Adamax Nadam Ftrl",
    "keras.layers": "Dropout SpatialDropout1D GaussianDropout AlphaDropout LSTM GRU SimpleRNN ConvLSTM2D",
    "tensorflow.train": "GradientDescentOptimizer AdamOptimizer RMSPropOptimizer AdagradOptimizer FtrlOptimizer",
    "optax": "adabelief adafactor adagrad adam adamw lamb lars lion nadam noisy_sgd novograd radam rmsprop sgd yogi",
    "transformers": "TrainingArguments Seq2SeqTrainingArguments get_scheduler get_cosine_schedule_with_warmup AdamW",
}
"""Members of each family that the reference pages list."""


FRAMEWORKS = {
    "keras": pytest.mark.keras,
    "tensorflow": pytest.mark.keras,
    "timm": pytest.mark.torch,
    "torch": pytest.mark.torch,
}
"""Libraries whose import takes seconds, and the mark of a test that needs them."""


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    return load()


def observed(library: str) -> dict[str, Any]:
    try:
        return observe(library)
    except ImportError as error:
        pytest.skip(str(error))


def marked(library: str) -> object:
    """A library with the marks of what it needs. It is read once: its tests run in one worker."""
    needs = [FRAMEWORKS[library]] if library in FRAMEWORKS else []
    return pytest.param(library, marks=[pytest.mark.xdist_group(f"signatures of {library}"), *needs])


of_each_library = pytest.mark.parametrize("library", [marked(library) for library in LIBRARIES])


def first(parameters: list[str], count: int) -> list[str]:
    """The first parameters that can be given by position."""
    return [*parameters, "*"][: [*parameters, "*"].index("*")][:count]


@of_each_library
def test_the_table_is_what_the_installed_library_says(library: str, table: dict[str, Any]) -> None:
    seen = observed(library)
    made_from = table["_versions"][library]
    if seen["version"] != made_from:
        pytest.skip(f"the table is made from {library} {made_from}, and {seen['version']} is installed")
    remade = completed({}, seen["calls"])
    assert of_library(table, library) == of_library(remade, library)
    assert of_library(table["_earlier"], library) == of_library(remade["_earlier"], library)


@of_each_library
def test_any_installed_version_has_the_documented_positions(library: str) -> None:
    calls = observed(library)["calls"]
    documented = {name: text.split() for name, text in of_library(DOCUMENTED, library).items() if name in calls}
    assert {name: first(calls[name], len(names)) for name, names in documented.items()} == documented


@of_each_library
def test_removed_functions_are_not_in_the_library(library: str) -> None:
    assert not dict(by_hand(REMOVED)).keys() & observed(library)["calls"].keys()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_positions_are_the_documented_ones(name: str, table: dict[str, Any]) -> None:
    expected = DOCUMENTED[name].split()
    assert first(table[name], len(expected)) == expected


@pytest.mark.parametrize("name", BY_KEYWORD)
def test_keywords_are_behind_the_star(name: str, table: dict[str, Any]) -> None:
    parameters = table[name]
    assert set(BY_KEYWORD[name].split()) <= set(parameters[parameters.index("*") :])


@pytest.mark.parametrize("module", FAMILIES)
def test_families_are_complete(module: str, table: dict[str, Any]) -> None:
    assert {f"{module}.{name}" for name in FAMILIES[module].split()} <= table.keys()


def test_an_earlier_signature_is_separate(table: dict[str, Any]) -> None:
    assert table["_earlier"]["keras.optimizers.Adam"][0][:5] == ["lr", "beta_1", "beta_2", "epsilon", "decay"]
    assert table["_earlier"]["tensorflow.nn.dropout"][0][:2] == ["x", "keep_prob"]


def test_every_module_has_signatures(table: dict[str, Any]) -> None:
    modules = {name.rpartition(".")[0] for name in table}
    assert [module for module, _ in PATTERNS if module not in modules] == []


def test_a_list_of_parameters_can_be_read_as_positions(table: dict[str, Any]) -> None:
    lists = [table[name] for name in table if not name.startswith("_")]
    for parameters in [*lists, *(each for several in table["_earlier"].values() for each in several)]:
        assert parameters
        assert len(set(parameters)) == len(parameters)
        assert parameters[-1] != "*"
        assert all(name == "*" or name.isidentifier() for name in parameters)


def test_the_file_is_as_the_generator_writes_it(table: dict[str, Any]) -> None:
    assert TABLE.read_text(encoding="utf-8") == rendered(table)


def test_braces_spell_as_in_a_shell() -> None:
    assert spelled("{a,b}.{c,}d") == ["a.cd", "a.d", "b.cd", "b.d"]
