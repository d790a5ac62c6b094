"""Runs as processes of their own, to be killed; forked from one that has imported everything."""

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import torch

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["oldbook_diffusion.commands.training", "tests.processes"])
PATIENCE = 120.0  # seconds
CLOSELY = 2e-4  # seconds between two looks at what lasts milliseconds; it takes a processor


def oldbook(
    arguments: list[str], log: Path, environment: dict[str, str], before: Callable[[], None]
) -> None:
    """What `oldbook` does, with what it says in a file."""
    from oldbook_diffusion.cli import main

    os.environ.update(environment)
    multiprocessing.set_start_method("fork", force=True)  # as in a process that a user starts
    os.setpgid(0, 0)
    torch.set_num_threads(1)
    speak_into(log)
    before()
    main(arguments)


def speak_into(log: Path) -> None:
    """Send what this process says to a file."""
    sys.stdout = sys.stderr = log.open("w", buffering=1)
    os.dup2(sys.stdout.fileno(), 1)
    os.dup2(sys.stdout.fileno(), 2)


def run_apart(
    log: Path, work: Callable[..., None], *arguments: object, patience: float = PATIENCE
) -> int | None:
    """Run a function of a module in a process of its own; give the status."""
    process = SERVER.Process(target=speak_and_work, args=(log, work, arguments))
    process.start()
    process.join(patience)
    status = process.exitcode
    process.kill()
    return status


def speak_and_work(log: Path, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    speak_into(log)
    torch.set_num_threads(1)
    work(*arguments)


def nothing() -> None:
    """What is done before most runs."""


@dataclass(frozen=True)
class Fit:
    """A training run in a process of its own."""

    process: ForkServerProcess
    log: Path

    @classmethod
    def start(
        cls,
        config: Path,
        *arguments: str,
        before: Callable[[], None] = nothing,
        **environment: str,
    ) -> "Fit":
        log = config.parent / f"{time.monotonic_ns()}.log"
        given = (["fit", f"--config={config}", *arguments], log, environment, before)
        process = SERVER.Process(target=oldbook, args=given)
        process.start()
        return cls(process, log)

    def wait_until(self, seen: Callable[[], bool], every: float = 0.01) -> bool:
        """Look every few milliseconds; stop looking when the process ends."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.is_alive():
            if seen():
                return True
            time.sleep(every)
        return False

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the process and to its workers, as a cluster does."""
        assert self.process.pid is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End the process at once; its workers find out by themselves."""
        self.process.kill()
        self.process.join()

    def end(self) -> int | None:
        """Wait for the end; give the status."""
        self.process.join(PATIENCE)
        return self.process.exitcode

    @property
    def said(self) -> list[str]:
        return self.log.read_text().splitlines()


@dataclass(frozen=True)
class Ranks:
    """A training run of one or more processes that learn together, as a cluster starts them."""

    fits: list[Fit]

    @classmethod
    def start(
        cls, number: int, config: Path, *arguments: str, before: Callable[[], None] = nothing
    ) -> "Ranks":
        if number == 1:
            return cls([Fit.start(config, *arguments, before=before)])
        arguments = (*arguments, "--trainer.strategy=ddp", f"--trainer.devices={number}")
        meet = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "NODE_RANK": "0"}
        return cls(
            [
                Fit.start(config, *arguments, before=before, **meet, LOCAL_RANK=str(rank))
                for rank in range(number)
            ]
        )

    @property
    def first(self) -> Fit:
        return self.fits[0]

    def tell(self, number: signal.Signals) -> None:
        for fit in self.fits:
            fit.tell(number)

    def kill(self) -> None:
        """End all processes at once."""
        for fit in self.fits:
            fit.process.kill()
        for fit in self.fits:
            fit.process.join()

    def end(self) -> list[int | None]:
        """Wait for the end; give each status. None is left behind."""
        statuses = [fit.end() for fit in self.fits]
        self.kill()
        return statuses


def free_port() -> str:
    """A port of this machine where processes can meet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
