"""The meter `rapl` under the command line: in real time, without permission, and at its true place in /sys."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutegreen.testing.simulated import Schedule
from support.commands import Run
from support.fake_powercap import FakePowercap, FakeZone, RealTime, package
from support.limits import EVENT_S
from support.tiny import command, environment

WATTS = {
    "cpu:package-0": 120.0,
    "cpu:package-1": 45.0,
    "dram:package-0": 9.0,
    "dram:package-1": 4.0,
    "psys": 300.0,
}
SHORT_RANGE_UJ = 150_000_000
"""120 W pass it in 1.25 s, so every window of 2 s has a wrap."""

ANOTHER_USER = 65534


def zones() -> list[FakeZone]:
    steady = {domain: Schedule((0.0, watts)) for domain, watts in WATTS.items()}
    core = Schedule((0.0, 60.0))
    first = package(
        0, steady["cpu:package-0"], dram=steady["dram:package-0"], core=core, range_uj=SHORT_RANGE_UJ, start_uj=0
    )
    second = package(1, steady["cpu:package-1"], dram=steady["dram:package-1"])
    twin = FakeZone("intel-rapl-mmio:0", "package-0", steady["cpu:package-0"])
    return [*first, *second, FakeZone("intel-rapl:2", "psys", steady["psys"]), twin]


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakePowercap]:
    made = FakePowercap(tmp_path / "sys", zones())
    yield made
    made.close()


def last_line(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_true(domains: list[dict[str, Any]], duration_s: float, writer: RealTime) -> None:
    """Within 1 %, and what the fake's own writer was late by on a busy machine, at both edges."""
    assert {one["domain"] for one in domains} == set(WATTS)
    for one in domains:
        watts = WATTS[one["domain"]]
        allowed_j = 0.01 * watts * duration_s + 2 * watts * writer.longest_s
        assert one["energy_j"] == pytest.approx(watts * duration_s, abs=allowed_j)
        assert (one["meter"], one["quality"]) == ("rapl", "counter")


@pytest.mark.xdist_group("quiet")
def test_a_command_is_measured_to_a_hundredth_with_a_wrap_in_the_window(fake: FakePowercap, mutegreen: Run) -> None:
    with RealTime(fake) as writer:
        words = ("measure", "--json", "--idle", "0", "--require", "cpu,dram", "--", "sleep", "2")
        measured = last_line(mutegreen(*words, MUTEGREEN_POWERCAP_ROOT=str(fake.root)))
    assert_true(measured["domains"], measured["duration_s"], writer)
    flags = {one["domain"]: one["flags"] for one in measured["domains"]}
    assert "counter_wrapped" in flags["cpu:package-0"]
    assert "counter_wrapped" not in flags["cpu:package-1"]
    assert not [one for one in measured["unavailable"] if one["meter"] == "rapl"]


@pytest.mark.xdist_group("quiet")
def test_doctor_names_the_domains_and_their_power(fake: FakePowercap, mutegreen: Run) -> None:
    with RealTime(fake) as writer:
        report = last_line(mutegreen("doctor", "--json", MUTEGREEN_POWERCAP_ROOT=str(fake.root)))
    domains = [{**one, "energy_j": one["idle_w"]} for one in report["domains"]]
    assert_true(domains, 1.0, writer)


def test_without_powercap_the_reason_is_printed_once(tmp_path: Path, mutegreen: Run) -> None:
    report = last_line(mutegreen("doctor", "--json", MUTEGREEN_POWERCAP_ROOT=str(tmp_path / "none")))
    (reason,) = [one for one in report["unavailable"] if one["meter"] == "rapl"]
    assert "does not exist" in reason["reason"]
    assert "modprobe intel_rapl_msr" in reason["remedy"]


class TestPermission:
    """Counters that only another user may read, as Linux has it since 5.10 for all but root."""

    @pytest.fixture
    def prefix(self) -> list[str]:
        """The words before a command that take root's power over files away."""
        if os.geteuid() != 0:
            return []
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
        if not shutil.which("setpriv") or subprocess.run([*words, "true"], capture_output=True).returncode:
            pytest.skip("root reads every file, and setpriv cannot take that away here")
        return words

    def close(self, fake: FakePowercap, name: str, *keys: str) -> list[Path]:
        files = [fake.file(key, name) for key in keys or fake.zones]
        for file in files:
            file.chmod(0o400 if os.geteuid() == 0 else 0)
            if os.geteuid() == 0:
                os.chown(file, ANOTHER_USER, ANOTHER_USER)
        return files

    def run(self, fake: FakePowercap, prefix: list[str], *words: str) -> subprocess.CompletedProcess[str]:
        variables = environment(MUTEGREEN_POWERCAP_ROOT=str(fake.root))
        return subprocess.run(
            [*prefix, *command(*words)], env=variables, capture_output=True, text=True, timeout=EVENT_S
        )

    def test_the_remedy_opens_only_the_needed_files(self, fake: FakePowercap, prefix: list[str]) -> None:
        self.close(fake, "energy_uj")
        refused = self.run(fake, prefix, "doctor", "--json", "--meter", "rapl")
        assert refused.returncode == 2
        assert "rapl: this user may not read" in refused.stderr
        assert "/etc/udev/rules.d/" in refused.stderr
        assert "max_energy_range_uj" not in refused.stderr
        line = next(line for line in refused.stderr.splitlines() if "sudo chmod" in line)
        subprocess.run(shlex.split(line.partition("sudo ")[2]), check=True)
        opened = last_line(self.run(fake, prefix, "doctor", "--json", "--meter", "rapl"))
        assert {one["domain"] for one in opened["domains"]} == set(WATTS)
        assert not os.stat(fake.file("intel-rapl:0:0")).st_mode & 0o004

    def test_a_zone_of_unknown_name_is_not_skipped(self, fake: FakePowercap, prefix: list[str]) -> None:
        (closed,) = self.close(fake, "name", "intel-rapl:1")
        refused = self.run(fake, prefix, "doctor", "--json", "--meter", "rapl")
        assert refused.returncode == 2
        assert f"sudo chmod a+r {fake.root / closed.parent.name}/name" in refused.stderr

    def test_a_closed_class_is_left_out_and_refused_where_required(self, fake: FakePowercap, prefix: list[str]) -> None:
        (closed,) = self.close(fake, "energy_uj", "intel-rapl:1:1")
        report = last_line(self.run(fake, prefix, "doctor", "--json"))
        by_rapl = {one["domain"] for one in report["domains"] if one["meter"] == "rapl"}
        assert by_rapl == {"cpu:package-0", "cpu:package-1", "psys"}
        (left_out,) = [one for one in report["unavailable"] if one["meter"] == "rapl"]
        assert "dram is not read" in left_out["reason"]
        assert "sudo chmod a+r" in left_out["remedy"]
        assert closed.parent.name in left_out["remedy"]
        refused = self.run(fake, prefix, "measure", "--json", "--require", "dram", "--", "echo", "trained")
        assert refused.returncode == 2
        assert "trained" not in refused.stdout
        assert "sudo chmod a+r" in refused.stderr


@pytest.mark.xdist_group("quiet")
def test_at_its_true_place_without_an_override(fake: FakePowercap) -> None:
    """In a mount namespace of its own, /sys/class and /sys/devices/virtual are the fake's."""
    mounts = [f"mount --bind {shlex.quote(str(fake.folder / one))} /sys/{one}" for one in ("class", "devices/virtual")]
    unshare = ["unshare", "-rm", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*unshare, " && ".join(mounts)], capture_output=True).returncode:
        pytest.skip("this machine allows no private mount namespace")
    with RealTime(fake) as writer:
        script = " && ".join([*mounts, shlex.join(command("doctor", "--json"))])
        done = subprocess.run([*unshare, script], env=environment(), capture_output=True, text=True, timeout=EVENT_S)
    domains = [{**one, "energy_j": one["idle_w"]} for one in last_line(done)["domains"]]
    assert_true(domains, 1.0, writer)
