"""Processes that learn together are started by clusters, refused together and end together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.comparing import PLAIN, events
from tests.conftest import Runs
from tests.processes import Fit, Ranks, free_port

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "configs/cluster"
LONG = (*PLAIN, "--model.lr_scheduler=null", "--trainer.max_steps=4000")
OFTEN = "--checkpoint.every_n_train_steps=20"
MODULE = [sys.executable, "-m", "oldbook_diffusion"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]


def folder(runs: Runs) -> Path:
    return runs.config.parent / "run/version_0"


def steps(runs: Runs) -> list[int]:
    return sorted(int(file.stem[5:]) for file in folder(runs).glob("checkpoints/step=*.ckpt"))


def has_saved(runs: Runs, patience: float = 120) -> bool:
    end = time.monotonic() + patience
    while not steps(runs) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(steps(runs))


@pytest.fixture
def running(runs: Runs) -> Iterator[Ranks]:
    """Two ranks that have saved, and have long to go."""
    ranks = Ranks.start(2, runs.config, *LONG, OFTEN)
    assert has_saved(runs)
    yield ranks
    ranks.kill()


def test_two_ranks_that_are_told_to_end_save_once_and_say_so_once(
    runs: Runs, running: Ranks
) -> None:
    running.tell(signal.SIGTERM)
    # the second one was not started by a cluster but, as far as it knows, by the first one
    assert running.end() == [143, 0]
    assert steps(runs)[-1] % 20, "it was saved where it stood"
    said = [line for fit in running.fits for line in fit.said if "--ckpt_path" in line]
    assert said == [f"oldbook fit --config {folder(runs)}/config.yaml --ckpt_path {folder(runs)}"]


def test_two_ranks_that_measure_after_every_step_end_too(runs: Runs) -> None:
    every = "--checkpoint.every_n_train_steps=1"
    ranks = Ranks.start(2, runs.config, *LONG, every)
    assert has_saved(runs)
    ranks.tell(signal.SIGTERM)
    assert ranks.end() == [143, 0]
    stopped = steps(runs)[-1]
    assert stopped < 4000
    last = f"--trainer.max_steps={stopped + 1}"
    assert Ranks.start(2, runs.config, *LONG, every, last, "--ckpt_path=last").end() == [0, 0]
    curve = [event.step for event in events(folder(runs)).Scalars("val/loss")]
    assert curve == [*range(1, stopped + 2)], "what was due is measured by the run that goes on"


def test_a_second_run_of_two_ranks_is_refused_in_one_sentence(runs: Runs, running: Ranks) -> None:
    second = Ranks.start(2, runs.config, *LONG, OFTEN, "--ckpt_path=last")
    assert second.end() == [1, 0]
    said = [line for fit in second.fits for line in fit.said if line.startswith("oldbook: ")]
    assert len(said) == 1
    assert f"another process is writing to {folder(runs)}" in said[0]


def test_an_orphaned_rank_keeps_its_folder(runs: Runs, running: Ranks) -> None:
    orphan: Fit = running.fits[1]
    orphan.tell(signal.SIGSTOP)
    running.first.kill()
    assert f"is writing to {folder(runs)}" in runs.refuse(*LONG, OFTEN, "--ckpt_path=last")
    orphan.kill()
    last = f"--trainer.max_steps={steps(runs)[-1] + 1}"
    split = "--trainer.accumulate_grad_batches=2"
    assert runs.fit(*LONG, OFTEN, last, split, "--ckpt_path=last") == folder(runs)


def end_tree(process: psutil.Popen) -> list[psutil.Process]:
    """Kill what a process has started too, wherever it has put it; give what was left of it."""
    tree = [*process.children(recursive=True), process] if process.is_running() else []
    for one in tree:
        one.kill()
    psutil.wait_procs(tree, timeout=30)
    return tree


def test_torchrun_is_told_to_end_and_goes_on(runs: Runs) -> None:
    command = [
        *TORCHRUN, f"--master_port={free_port()}", "-m", "oldbook_diffusion", "fit",
        f"--config={runs.config}", f"--config={CLUSTER / 'torchrun.yaml'}",
        "--trainer.devices=2", *LONG,
    ]  # fmt: skip
    with psutil.Popen([*command, OFTEN]) as process:
        try:
            assert has_saved(runs)
            ranks = process.children()
            process.terminate()
            process.wait(120)
            assert len(ranks) == 2
            assert not psutil.wait_procs(ranks, timeout=10)[1], "no rank is left behind"
        finally:
            end_tree(process)
    assert steps(runs)[-1] % 20, "it was saved where it stood"
    stopped = steps(runs)[-1]
    last = f"--trainer.max_steps={stopped + 2}"
    subprocess.run([*command, OFTEN, last], check=True, timeout=120)
    assert steps(runs)[-1] == stopped + 2


SRUN = f"""#!{sys.executable}
import os, subprocess, sys
command = [word for word in sys.argv[1:] if not word.startswith("--kill-on")]
tasks = [
    subprocess.Popen(command, env={{**os.environ, "SLURM_PROCID": rank, "SLURM_LOCALID": rank}})
    for rank in ("0", "1")
]
sys.exit(max(task.wait() for task in tasks))
"""


@pytest.mark.slow
def test_a_job_of_slurm_saves_before_its_limit_and_is_requeued(runs: Runs, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, content in {
        "srun": SRUN,
        "oldbook": f'#!/bin/sh\nexec {" ".join(MODULE)} "$@"\n',
        "scontrol": f'#!/bin/sh\necho "$@" >> {tmp_path}/requeued\n',
    }.items():
        (tools / name).write_text(content)
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": free_port(),
        "SLURM_JOB_ID": "4711",
        "SLURM_JOB_NAME": "oldbook",
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "localhost",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
    }
    job = ["bash", str(CLUSTER / "slurm.sbatch"), "--config", str(runs.config)]
    with psutil.Popen(
        [*job, "--trainer.devices=2", *LONG, OFTEN], env=environment, cwd=ROOT
    ) as process:
        try:
            assert has_saved(runs)
            for task in process.children()[0].children():
                task.send_signal(signal.SIGUSR1)
            assert process.wait(120) == 143
        finally:
            end_tree(process)
    assert steps(runs)[-1] % 20, "it was saved where it stood"
    assert (tmp_path / "requeued").read_text() == "requeue 4711\n"


def test_a_single_callback_of_the_trainer_is_one_of_a_list(runs: Runs) -> None:
    callback = '{"class_path": "lightning.pytorch.callbacks.LearningRateMonitor"}'
    run = runs.fit(*PLAIN, f"--trainer.callbacks={callback}", "--trainer.log_every_n_steps=1")
    assert "lr-AdamW" in events(run).Tags()["scalars"]
