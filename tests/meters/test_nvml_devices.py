"""Which GPUs a program sees. The expected answers are those of the CUDA Programming Guide and of PyTorch."""

from __future__ import annotations

import pytest

from mutegreen.errors import MeterUnavailable
from mutegreen.meters.nvml.devices import visible_gpus
from mutegreen.meters.nvml.library import Fault, Gpu

UUIDS = ("GPU-aa11", "GPU-aa22", "GPU-bb33")
LOST = Fault(15, "GPU is lost")
PCI = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def machine(*names: str) -> list[Gpu | Fault]:
    return [Gpu(number, UUIDS[number], name, None) for number, name in enumerate(names)]


SAME = machine("A100", "A100", "A100")
MIXED = machine("T4", "A100", "T4")


def parent_of(mig: str) -> str | None:
    return {"MIG-1": "GPU-aa11", "MIG-2": "GPU-aa11", "MIG-3": "GPU-bb33"}.get(mig)


def numbers(gpus: list[Gpu | Fault], text: str | None, **more: str) -> list[int]:
    environ = more if text is None else {"CUDA_VISIBLE_DEVICES": text, **more}
    return [gpu.number for gpu in visible_gpus(gpus, environ, parent_of)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, [0, 1, 2]),
        ("0", [0]),
        ("2,1", [2, 1]),
        ("0,2,-1,1", [0, 2]),
        ("1,7,0", [1]),
        (" 1 , 2 ", [1, 2]),
        ("1gpu,2", [1, 2]),
        ("+1", [1]),
        ("1,,2", [1]),
        ("1,x,2", [1]),
        ("1,GPU-aa11", [1]),
        ("GPU-bb33", [2]),
        ("GPU-b", [2]),
        ("GPU-bb33,GPU-aa1", [2, 0]),
        ("GPU-bb33,GPU-aa,GPU-aa11", [2]),
        ("GPU-bb33,GPU-cc,GPU-aa11", [2]),
        ("GPU-bb33,0", [2]),
        ("MIG-3", [2]),
        ("MIG-1,MIG-2", [0]),
        ("MIG-3,MIG-9,MIG-1", [2]),
    ],
)
def test_a_list_means_what_it_means_to_cuda(text: str | None, expected: list[int]) -> None:
    assert numbers(SAME, text) == expected
    assert numbers(MIXED, text, **PCI) == expected


@pytest.mark.parametrize("text", ["", "-1", "NoDevFiles", "none", "3", "1,1", "GPU-", "GPU-aa", "GPU-b,GPU-b", "MIG-9"])
def test_a_list_that_hides_all_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(MeterUnavailable, match=r"CUDA_VISIBLE_DEVICES=.*hides every GPU") as caught:
        numbers(SAME, text)
    assert repr(text) in caught.value.message
    assert "unset" in (caught.value.remedy or "")


def test_one_gpu_named_twice_by_different_prefixes_hides_all() -> None:
    with pytest.raises(MeterUnavailable, match="hides every GPU"):
        numbers(SAME, "GPU-bb33,GPU-b")


class TestOrder:
    @pytest.mark.parametrize("order", [{}, {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}])
    def test_numbers_among_different_models_are_refused_with_a_remedy(self, order: dict[str, str]) -> None:
        with pytest.raises(MeterUnavailable, match="CUDA_VISIBLE_DEVICES=1 does not determine the GPUs") as caught:
            numbers(MIXED, "1", **order)
        assert "export CUDA_DEVICE_ORDER=PCI_BUS_ID" in (caught.value.remedy or "")

    def test_where_all_are_named_or_none_by_number_order_does_not_matter(self) -> None:
        assert sorted(numbers(MIXED, "0,1,2")) == [0, 1, 2]
        assert numbers(MIXED, None) == [0, 1, 2]
        assert numbers(MIXED, "GPU-aa22") == [1]


class TestUnopened:
    def test_those_that_can_be_opened_are_seen(self) -> None:
        assert numbers([SAME[0], LOST, SAME[2]], None) == [0, 2]
        assert numbers([SAME[0], LOST, SAME[2]], "GPU-b") == [2]

    def test_numbers_below_it_are_certain_and_above_it_are_not(self) -> None:
        gpus = [SAME[0], LOST, SAME[2]]
        assert numbers(gpus, "0") == [0]
        with pytest.raises(MeterUnavailable, match="GPU 1 cannot be opened: GPU is lost"):
            numbers(gpus, "2")

    def test_with_none_left_the_reasons_are_given(self) -> None:
        with pytest.raises(MeterUnavailable, match=r"no GPU can be opened: GPU is lost \(NVML error 15\)$"):
            numbers([LOST, LOST], None)
        with pytest.raises(MeterUnavailable, match="finds no GPU"):
            numbers([], None)
