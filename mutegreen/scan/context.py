"""Does the code around a value change what its name means? With `import gym`, `gamma` is a discount factor."""

from __future__ import annotations

import ast

from mutegreen.scan.mention import Mention
from mutegreen.scan.names.words import word_set, words
from mutegreen.scan.source.calls import called_name, dotted, last_name, text_of
from mutegreen.scan.source.module import Module

_SEARCHES = word_set(
    "suggest_float suggest_int suggest_uniform suggest_loguniform suggest_categorical suggest_discrete_uniform "
    "choice uniform loguniform quniform qloguniform randint lograndint grid_search sample_from Choice HParam "
    "Discrete RealInterval IntInterval GridSearchCV RandomizedSearchCV ParameterGrid UniformParameter"
)
_TUNER = frozenset({"hp.Float", "hp.Int", "hp.Fixed", "hp.Boolean"})
_SEARCH_WORDS = frozenset({"grid", "sweep", "space", "search", "distributions", "suggest"})
_REINFORCEMENT = word_set(
    "gym gymnasium gym_minigrid stable_baselines3 envpool pettingzoo procgen brax ale_py vizdoom unityagents "
    "mlagents minigrid rlbench"
)
_REWARDS = word_set(
    "reward rewards next_state next_states discount returns replay_buffer env discounted_rewards td_target"
)
_SCHEDULES = frozenset({"sched", "scheduler", "schedule", "lr"})
_NORMS = frozenset({"bn", "norm", "batchnorm", "ema"})


def is_searched(mention: Mention) -> bool:
    """Whether a value belongs to a hyperparameter search, and is no default: `trial.suggest_float("lr", 1e-5, 0.1)`."""
    for node in mention.module.ancestors(mention.node):
        if isinstance(node, ast.Call) and (called_name(node) in _SEARCHES or dotted(node.func) in _TUNER):
            return True
        if (
            isinstance(node, ast.Assign)
            and node.value is not mention.node
            and _SEARCH_WORDS & set(words(last_name(node.targets[0])))
        ):
            return True
        if isinstance(node, ast.stmt) and not isinstance(node, (ast.Assign, ast.Expr)):
            return False
    return False


def is_discount(mention: Mention) -> bool:
    """Whether a gamma is the discount factor of reinforcement learning."""
    module = mention.module
    return bool(module.roots & _REINFORCEMENT) or len(module.words & _REWARDS) >= 2


def is_normalisation(mention: Mention) -> bool:
    """Whether a momentum belongs to a normalisation or a moving average: `norm_cfg = dict(type="BN", momentum=0.1)`."""
    module, node = mention.module, mention.node
    parent = module.parents.get(node)
    if isinstance(parent, ast.keyword):
        parent = module.parents.get(parent)
    if isinstance(parent, ast.Dict):
        types = (text_of(value) for value in parent.values)
        if any(_NORMS & set(words(text)) for text in types):
            return True
    owners = [*module.function_names(node)[:2], *_assigned_names(module, node)]
    if isinstance(parent, ast.Call):
        owners += [called_name(parent), *(text_of(word.value) for word in parent.keywords if word.arg == "type")]
    return any(_NORMS & set(words(owner)) for owner in owners)


def _assigned_names(module: Module, node: ast.AST) -> list[str]:
    """Return the variables and keywords that a node is a part of the value of."""
    names = []
    for above in module.ancestors(node):
        if isinstance(above, ast.Assign):
            names += [dotted(target) for target in above.targets]
        elif isinstance(above, ast.keyword) and above.arg:
            names.append(above.arg)
        elif isinstance(above, ast.stmt):
            break
    return names


def has_schedule(mention: Mention) -> bool:
    """Whether a value is assigned to a schedule, or the file has one: then a bare gamma is likely the schedule's."""
    if any(_SCHEDULES & set(words(name)) for name in _assigned_names(mention.module, mention.node)):
        return True
    return any(
        "sched" in word or "milestone" in word or word in {"step_size", "lr_step", "lr_steps", "lrscheduler"}
        for word in mention.module.words
    )


def is_sampling(mention: Mention) -> bool:
    """Whether a value is set only to draw samples, as in `if sampling: self.batch_size = 1`."""
    inner: ast.AST = mention.node
    for node in mention.module.ancestors(mention.node):
        if isinstance(node, ast.If) and inner in node.body:
            tested = {word for part in ast.walk(node.test) for word in words(last_name(part))}
            if tested & {"sample", "sampling", "eval"} and "train" not in tested:
                return True
        inner = node
    return False


def is_exempted_group(mention: Mention) -> bool:
    """Whether a weight decay of 0 exempts a parameter group: `{"params": biases, "weight_decay": 0.0}`."""
    if not (isinstance(mention.node, ast.Constant) and mention.node.value == 0):
        return False
    keys: set[str | None] = set()
    for above in list(mention.module.ancestors(mention.node))[:2]:
        if isinstance(above, ast.Dict):
            keys |= {text_of(key) for key in above.keys}
        elif isinstance(above, ast.Call) and called_name(above) == "dict":
            keys |= {word.arg for word in above.keywords}
    return "params" in keys
