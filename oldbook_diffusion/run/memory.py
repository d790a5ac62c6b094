"""Memory of a machine or a GPU, in bytes."""

import sys

import psutil
import torch


def peak_memory(device: torch.device) -> int:
    """The most bytes at once so far: allocated on a GPU, else resident in this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource  # here: Windows has none, and reads reports too

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak(device: torch.device) -> None:
    """Measure the peak anew from here, on a GPU; a process cannot."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def used_memory(device: torch.device) -> int:
    """What is taken now: allocated on a GPU, else resident in this process."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return psutil.Process().memory_info().rss


def room(device: torch.device) -> float:
    """What a run may take beside what is taken now, with a margin: a GPU is ours, a machine not."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        return 0.9 * total - torch.cuda.memory_allocated(device)
    return 0.5 * psutil.virtual_memory().available
