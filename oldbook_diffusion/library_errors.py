"""Translation of what libraries raise at a user's mistake into one sentence with a cure.

It imports none of them: classes of errors are known by their names. What it does not know stays
as it is, with its traceback.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from oldbook_diffusion.errors import OldBookError, user_error

OUT_OF_MEMORY = re.compile(
    r"out of memory|(?:CUDNN|CUBLAS)_STATUS_(?:ALLOC_FAILED|NOT_INITIALIZED)|"
    r"DefaultCPUAllocator|failed to allocate",
    re.IGNORECASE,
)
LESS_MEMORY = (
    "there is not enough memory: lower data.batch_size, data.resolution or "
    "render.samples_per_prompt, or set model.gradient_checkpointing to true; for oldbook render, "
    "lower --resolution"
)
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
WRONG_VALUE = (ArithmeticError, ImportError, RuntimeError, TypeError, ValueError)
ALWAYS = re.compile("does not support dense gradients|Early stopping conditioned on")
WRONG_CLASS = re.compile(
    r"Does not validate against .*?Problem with given class_path '([\w.]+)': (.+?) - Expected"
)


class Rule(NamedTuple):
    """A message of a library, and what to do about it."""

    message: re.Pattern[str]
    cure: str


RULES = [
    Rule(re.compile(message), cure)
    for message, cure in {
        r"gpu backend|Accelerator` can not run|requires a GPU": (
            "set trainer.accelerator to auto, which takes what this machine has"
        ),
        r"invalid accelerator name": "set trainer.accelerator to auto",
        r"`devices` selected with `CPUAccelerator`|Trainer\(devices=": (
            "set trainer.devices to 1 or more on a CPU, or to auto"
        ),
        r"invalid strategy name|Strategy`": "set trainer.strategy to auto",
        r"transformer_engine": "set trainer.precision to 32-true or bf16-mixed",
        r"enable_checkpointing=False": (
            "leave trainer.enable_checkpointing out; a larger checkpoint.every_n_train_steps "
            "writes fewer files"
        ),
        r"enable_progress_bar=False": "set trainer.enable_progress_bar to true",
        r"that has no logger": "leave the callback out, or trainer.logger as it is",
        r"is not a valid duration": "set trainer.max_time to one such as 00:12:00:00",
        r"gradient_clip_algorithm": "set trainer.gradient_clip_algorithm to norm or value",
        r"is not in bounds, numpy": "set seed_everything to a whole number of 0 or more",
        r"[Ll]earning rate": "set lr to a number above 0, such as 0.0001",
        r"beta parameter": "set betas to two numbers of 0 or more and below 1",
        r"weight_decay": "set weight_decay to 0 or more",
        r"dense gradients": "set model.optimizer.class_path to torch.optim.AdamW",
        r"Early stopping conditioned on": "set monitor of the callback to one of these curves",
        r"Tried to step": (
            "set its length below model.lr_scheduler.init_args to trainer.max_steps or more"
        ),
        r"step\(\) missing|must include a monitor": (
            "set model.lr_scheduler.class_path to one that follows steps alone, such as "
            "torch.optim.lr_scheduler.CosineAnnealingLR"
        ),
        r"torch_xla": "set trainer.accelerator to auto",
    }.items()
]


def translate(error: BaseException) -> OldBookError | None:
    """What the user can mend about an error of a library; null where it is not known."""
    known = user_error(error) or out_of_memory(error) or unwritable(error)
    return known or misconfigured(error)


def out_of_memory(error: BaseException) -> OldBookError | None:
    """Memory that could not be had, of a GPU or of the machine."""
    return OldBookError(LESS_MEMORY) if is_out_of_memory(error) else None


def misconfigured(error: BaseException) -> OldBookError | None:
    """A value or a combination of values that a library refuses when it meets it."""
    told = " ".join(str(error).split())
    if found := WRONG_CLASS.search(told):
        return OldBookError(f"{found[1]}: {first_sentence(found[2])}; {cure(found[2], 'it')}")
    if type(error).__name__ == "MisconfigurationException" or ALWAYS.search(told):
        return OldBookError(f"{first_sentence(told)}; {cure(told, 'trainer')}")
    return None


def unwritable(error: BaseException) -> OldBookError | None:
    """A full disk, or a place where nobody may write."""
    if not isinstance(error, OSError) or error.errno not in UNWRITABLE:
        return None
    what = f" {error.filename}" if error.filename else ""
    return OldBookError(
        f"cannot write{what} ({error.strerror}): free space or permit writing there, or choose "
        "other folders with trainer.logger.init_args.save_dir and data.cache.folder; a run that "
        "has saved goes on with --ckpt_path last"
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory could not be had, of a GPU or of the machine."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(OUT_OF_MEMORY.search(str(error)))


@contextmanager
def blaming(key: str) -> Iterator[None]:
    """Have a library's complaint about values of a config name the key above them.

    Only for calls that hand such values to a library and do nothing else.

    Raises:
        OldBookError: The library has complained.
    """
    try:
        yield
    except WRONG_VALUE as error:
        if user_error(error) or is_out_of_memory(error):
            raise
        told = " ".join(str(error).split())
        raise OldBookError(f"{key}: {first_sentence(told)}; {cure(told, key)}") from error


def cure(told: str, key: str) -> str:
    """What to do about a library's message on the values below a key."""
    for rule in RULES:
        if rule.message.search(told):
            return rule.cure
    if install := re.search(r"pip install (?:-U )?'?([\w.\-\[\]]+)", told):
        return f"pip install {install[1]}, or leave it out of the config"
    return f"change or leave out what the config sets there, below {key}"


def first_sentence(told: str) -> str:
    """The first sentence of a message, without advice to programmers after it."""
    return re.split(r"(?<=[^.])[.!](?: |$)| HINT:| For example:", told)[0].rstrip(" .:;")
