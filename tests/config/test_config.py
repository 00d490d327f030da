import textwrap
from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.errors import ConfigError
from mutegreen.model import ConfigSite, Data, EnvSite, ExtraMetric, FlagSite, Goal, Kind, SourceSite

MINIMAL = """
command = "python train.py"

[performance]
pattern = 'accuracy=(\\S+)'

[hyperparameters.epochs]
default = 14
flag = "--epochs"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "subject.toml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(write(folder, text))
    assert str(folder / "subject.toml") in caught.value.message
    return list(caught.value.faults)


def test_a_minimal_file_takes_its_name_from_the_folder_and_kinds_from_names(tmp_path: Path) -> None:
    subject = config.load(write(tmp_path, MINIMAL).parent)
    assert subject.name == tmp_path.name
    assert subject.command == ("python", "train.py")
    assert subject.hyperparameters[0].kind is Kind.EPOCHS
    assert subject.performance.goal is Goal.MAXIMIZE


def test_every_kind_of_site_and_option_is_read(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("LR = 0.1\n")
    (tmp_path / "conf.yaml").write_text("a: {b: 1}\n")
    (tmp_path / "data").mkdir()
    subject = config.load(
        write(
            tmp_path,
            """
            name = "mine"
            command = ["{python}", "train.py"]
            timeout_s = 60
            environment = { A = "1" }
            seed = { env = "SEED" }
            workspace = { link = ["data"], exclude = ["*.pt"] }
            performance = { file = "out.json", key = "test.acc", goal = "minimize", tolerance = 0.01 }
            [hyperparameters]
            rate = { kind = "learning_rate", default = 0.1, source = { file = "train.py", name = "LR", line = 1 } }
            size = { kind = "batch_size", default = 1, config = { file = "conf.yaml", key = "a.b" }, operator = "x" }
            threads = { default = 2, env = "OMP_NUM_THREADS", evidence = 'threads (\\d+)' }
            gamma = { default = 0.7, flag = "--gamma=" }
            [presets.smoke]
            arguments = ["--fast"]
            defaults = { gamma = 0.5 }
            mutants = 2
            """,
        )
    )
    sites = [h.site for h in subject.hyperparameters]
    assert sites == [
        SourceSite("train.py", "LR", 1),
        ConfigSite("conf.yaml", "a.b"),
        EnvSite("OMP_NUM_THREADS"),
        FlagSite("--gamma="),
    ]
    assert subject.seed == EnvSite("SEED")
    assert subject.presets["smoke"].defaults == {"gamma": 0.5}
    assert subject.performance.tolerance == 0.01


def test_all_faults_are_reported_at_once_with_key_and_valid_names(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """
        nam = "x"
        command = "python 'train.py"
        seed = { flg = "--seed" }
        performance = { pattern = 'acc', goal = "max" }
        [hyperparameters]
        lr = { kind = "learning_rat", default = 0.1, flag = "--lr", config = { file = "a.ini", key = "x" } }
        epochs = { default = [1], flag = "--e" }
        gone = { kind = "gamma", default = nan, source = { file = "nowhere.py", name = "G" } }
        [presets.smoke]
        defaults = { epoch = 3 }
        mutants = 0
        """,
    )
    text = "\n".join(found)
    assert "nam: unknown key; did you mean name? valid: name, description, command" in text
    assert 'command = "python \'train.py": No closing quotation' in text
    assert "seed.flg: unknown key; did you mean flag? valid: flag, source, config, env" in text
    assert 'performance.pattern = "acc": needs a group' in text
    assert "performance.goal = \"max\": must be 'maximize' or 'minimize'" in text
    assert "hyperparameters.lr.kind = \"learning_rat\": must be 'epochs', 'learning_rate'" in text
    assert 'hyperparameters.lr.config.file = "a.ini": no such file' in text
    assert "hyperparameters.epochs.default = [1]: must be a finite number" in text
    assert "hyperparameters.gone.default = NaN: must be a finite number" in text
    assert 'hyperparameters.gone.source.file = "nowhere.py": no such file' in text
    assert "presets.smoke.defaults.epoch: no such hyperparameter; did you mean epochs?" in text
    assert "presets.smoke.mutants = 0: must be greater than or equal to 1" in text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('flag = "--epochs"', ""), "give exactly one of flag, source, config, env"),
        (('flag = "--epochs"', 'flag = "--e"\nenv = "E"'), "give exactly one of flag, source, config, env"),
        (("pattern = 'accuracy=(\\S+)'", "pattern = 'a(b'"), "not a regular expression"),
        (("pattern = 'accuracy=(\\S+)'", "goal = 'minimize'"), "give either pattern, or file and key"),
        (("pattern = 'accuracy=(\\S+)'", "file = 'm.json'"), "give file and key together, or neither"),
        (("[hyperparameters.epochs]", "[hyperparameters.anything]"), "anything needs a kind"),
        (("[hyperparameters.epochs]", "[hyperparameters.original]"), "original cannot be a name"),
        (('command = "python train.py"', 'command = ""'), "command"),
        (('command = "python train.py"', 'command = "a"\nworkdir = "../x"'), 'workdir = "../x": no such folder'),
    ],
)
def test_single_faults(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    assert fault in "\n".join(faults(tmp_path, MINIMAL.replace(*change)))


def test_extra_metrics_are_patterns_with_a_goal_of_their_own(tmp_path: Path) -> None:
    also = """also = { mAP = 'mAP (\\S+)', loss = { pattern = 'l (\\S+)', goal = "minimize", tolerance = 0.1 } }"""
    subject = config.load(write(tmp_path, MINIMAL.replace("\n[hyper", f"{also}\n[hyper")))
    assert subject.performance.also == (
        ExtraMetric("mAP", pattern=r"mAP (\S+)"),
        ExtraMetric("loss", pattern=r"l (\S+)", goal=Goal.MINIMIZE, tolerance=0.1),
    )


def test_where_there_is_a_file_a_text_is_a_key_in_it(tmp_path: Path) -> None:
    loss = """loss = { pattern = 'l (\\S+)', goal = "minimize" }"""
    performance = f"""file = "r.json"\nkey = "acc"\nalso = {{ mAP = "test.mAP", {loss} }}"""
    subject = config.load(write(tmp_path, MINIMAL.replace("pattern = 'accuracy=(\\S+)'", performance)))
    assert subject.performance.also == (
        ExtraMetric("mAP", key="test.mAP"),
        ExtraMetric("loss", pattern=r"l (\S+)", goal=Goal.MINIMIZE),
    )


@pytest.mark.parametrize(
    ("also", "fault"),
    [
        ("""{ mAP = 'mAP' }""", 'performance.also.mAP.pattern = "mAP": needs a group'),
        ("""{ "m A" = '(.)' }""", "performance.also.m A: cannot be a name: letters, digits, _ -"),
        ("""{ mAP = { key = "a.b" } }""", "performance: also.mAP has a key, but there is no file"),
        ("""{ mAP = { pattern = '(.)', key = "a" } }""", "performance.also.mAP: give either pattern or key"),
        ("""{ mAP = { pattern = '(.)', gaol = "x" } }""", "performance.also.mAP.gaol: unknown key; did you mean goal?"),
        ("""{ mAP = 3 }""", "performance.also.mAP: must be a table"),
    ],
)
def test_faults_of_extra_metrics(tmp_path: Path, also: str, fault: str) -> None:
    assert fault in "\n".join(faults(tmp_path, MINIMAL.replace("\n[hyper", f"also = {also}\n[hyper")))


def test_data_are_a_name_or_a_table_and_those_of_a_preset_are_its_own(tmp_path: Path) -> None:
    presets = '\n[presets.paper]\ndata = "MNIST"\n[presets.smoke]\nmutants = 2\n'
    subject = config.load(write(tmp_path, f'data = {{ name = "shapes", generated = true }}\n{MINIMAL}{presets}'))
    assert subject.data == Data("shapes", generated=True)
    assert subject.presets["paper"].data == Data("MNIST")
    assert subject.presets["smoke"].data is None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ('""', 'data.name = "": String should have at least 1 character'),
        ('{ name = "x", generated = 1 }', "data.generated = 1: must be a valid boolean"),
        ("{ generated = true }", "data.name: missing"),
        ('{ nam = "x" }', "data.nam: unknown key; did you mean name? valid: name, generated"),
        ("3", "data: must be a table"),
    ],
)
def test_faults_of_data(tmp_path: Path, data: str, fault: str) -> None:
    assert fault in "\n".join(faults(tmp_path, f"data = {data}\n{MINIMAL}"))


def test_not_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 1" in faults(tmp_path, "command = = 1")[0]


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        config.load(tmp_path / "subject.toml")


@pytest.mark.parametrize(
    "performance",
    ["pattern = 'test loss: (.+)'", 'file = "r.json"\nkey = "eval.mse"', "pattern = 'perplexity (?P<value>.+)'"],
)
def test_a_loss_needs_a_goal(tmp_path: Path, performance: str) -> None:
    text = MINIMAL.replace("pattern = 'accuracy=(\\S+)'", performance)
    assert text != MINIMAL
    (fault,) = faults(tmp_path, text)
    assert fault.startswith("performance: goal is missing, and ")
    assert 'add goal = "minimize" (or "maximize")' in fault


@pytest.mark.parametrize("goal", list(Goal))
def test_a_goal_that_is_given_is_taken(tmp_path: Path, goal: Goal) -> None:
    text = MINIMAL.replace("pattern = 'accuracy=(\\S+)'", f"pattern = 'loss: (.+)'\ngoal = \"{goal}\"")
    (tmp_path / "subject.toml").write_text(text)
    assert config.load(tmp_path).performance.goal is goal


@pytest.mark.parametrize("also", ["{ loss = 'final (.)' }", "{ x = 'error (.)' }", "{ x = { pattern = 'MSE (.)' } }"])
def test_an_extra_metric_that_is_a_loss_needs_a_goal(tmp_path: Path, also: str) -> None:
    (fault,) = faults(tmp_path, MINIMAL.replace("\n[hyper", f"also = {also}\n[hyper"))
    assert fault.startswith("performance: also.")
    assert "goal is missing" in fault
