"""Places for trainings that run at the same time."""

from __future__ import annotations

import os

import pytest

from mutegreen.harness.concurrency.slots import THREAD_VARIABLES, VISIBLE_GPUS, Slot, slots

CPU, A, B = "cpu:package-0", "gpu:GPU-a", "gpu:GPU-b"


@pytest.fixture
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))


def test_a_single_slot_sets_no_variables() -> None:
    (only,) = slots(1, [CPU])
    assert only.variables({}) == {}
    assert only.domains([CPU]) is None


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize(("jobs", "sizes"), [(2, [4, 4]), (3, [2, 3, 3]), (8, [1] * 8)])
def test_cpus_are_assigned_whole_and_once(jobs: int, sizes: list[int]) -> None:
    assigned = slots(jobs, [CPU])
    assert [len(slot.cpus) for slot in assigned] == sizes
    assert sorted(cpu for slot in assigned for cpu in slot.cpus) == list(range(8))


@pytest.mark.usefixtures("eight_cpus")
def test_more_slots_than_cpus_share_them_evenly() -> None:
    assigned = slots(20, [CPU])
    counts = [sum(slot.cpus == (cpu,) for slot in assigned) for cpu in range(8)]
    assert sum(counts) == 20
    assert max(counts) - min(counts) == 1


@pytest.mark.usefixtures("eight_cpus")
def test_each_gpu_has_its_slots_and_a_training_sees_only_its_own_gpu() -> None:
    assigned = slots(2, [CPU, B, A])
    assert sorted(str(slot.gpu) for slot in assigned) == [A, A, B, B]
    assert assigned[0].gpu != assigned[1].gpu, "consecutive trials of the queue go to different GPUs"
    assert assigned[0].variables({})[VISIBLE_GPUS] == "GPU-a"
    assert assigned[0].domains([CPU, A, B]) == {CPU, A}


@pytest.mark.usefixtures("eight_cpus")
def test_one_job_on_each_of_two_gpus_is_two_at_a_time() -> None:
    assert [slot.gpu for slot in slots(1, [CPU, A, B])] == [A, B]


def test_threads_follow_the_cpus_unless_a_user_said_so() -> None:
    slot = Slot(cpus=(2, 3))
    assert slot.variables({}) == dict.fromkeys(THREAD_VARIABLES, "2")
    assert "OMP_NUM_THREADS" not in slot.variables({"OMP_NUM_THREADS": "1"})
