"""The meter fulfils the contract of meters, on simulated cards of known power and on the cards of this machine."""

from pathlib import Path

import pytest
from mutegreen_intel_gpu import IntelGpu

from mutegreen.plugins import MeterUnavailable, Quality
from mutegreen.testing.meters import MeterCase, MeterContract
from mutegreen.testing.simulated import FakeClock, RealClock, Schedule

WATTS = {
    "gpu:0000:03:00.0": Schedule((0.0, 35.0), (10.0, 190.0), (30.0, 8.0)),
    "gpu:0000:04:00.0": Schedule((0.0, 30.0)),
}


class Cards:
    """The files of two cards, whose counters follow a clock."""

    def __init__(self, root: Path, clock: FakeClock) -> None:
        self.clock, self.born_s = clock, clock()
        self.files: dict[str, Path] = {}
        for number, domain in enumerate(WATTS):
            folder = root / f"sys/class/hwmon/hwmon{number}"
            device = root / "sys/devices" / domain.removeprefix("gpu:")
            folder.mkdir(parents=True)
            device.mkdir(parents=True)
            (folder / "name").write_text("xe\n")
            (folder / "device").symlink_to(device)
            self.files[domain] = folder / "energy1_input"
            self.files[domain].touch()
        self.follow()
        clock.watchers.append(self.follow)

    def follow(self) -> None:
        for domain, file in self.files.items():
            joules = 7.5 + WATTS[domain].integral(0.0, self.clock() - self.born_s)
            with file.open("r+") as counter:
                counter.write(f"{round(joules * 1e6):015d}\n")

    def lose(self) -> tuple[str, ...]:
        domain, file = self.files.popitem()
        file.unlink()
        return (domain,)


class TestSimulatedCards(MeterContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> MeterCase:
        clock = FakeClock()
        cards = Cards(tmp_path, clock)
        meter = IntelGpu(tmp_path, clock)
        return MeterCase(meter, Quality.COUNTER, clock, lambda d, a, b: WATTS[d].integral(a, b), cards.lose)


class TestThisMachine(MeterContract):
    @pytest.fixture
    def case(self) -> MeterCase:
        meter = IntelGpu()
        try:
            meter.open()
        except MeterUnavailable as error:
            pytest.skip(error.message)
        meter.close()
        return MeterCase(meter, Quality.COUNTER, RealClock())


def test_a_counter_that_goes_back_leaves_the_joules_in_between_unknown(tmp_path: Path) -> None:
    clock = FakeClock()
    cards = Cards(tmp_path, clock)
    meter = IntelGpu(tmp_path, clock)
    meter.open()
    domain, file = cards.files.popitem()
    file.write_text("0\n")
    assert list(meter.read().unknown) == [domain]
    file.write_text("2000000\n")
    assert meter.read().energy_j[domain] == 2.0
