"""Answers of viewers: read from files, checked against the keys of tests, and kept in the runs."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oldbook_diffusion.blind.questions import PLATE
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.run.folder import RunFolder

log = logging.getLogger(__name__)

MOST_WRONG = 1  # of the catch trials; of six, two more are wrong by chance in 89 % of guessers


@dataclass(frozen=True)
class Sheet:
    """What one viewer has answered in one test.

    Attributes:
        viewer: Name that the viewer gave.
        answers: By the number of a question: an index of a prompt or of a side; unanswered
            ones are not there.
        key: Of the test.
    """

    viewer: str
    answers: dict[int, int]
    key: dict[str, Any]

    def right_catches(self) -> tuple[int, int]:
        """How many of the catch trials were answered rightly, and how many were answered."""
        found = [
            question["shown"][self.answers[number]] == PLATE
            for number, question in enumerate(self.key["questions"])
            if PLATE in question["shown"] and number in self.answers
        ]
        return sum(found), len(found)

    @property
    def attentive(self) -> bool:
        """Whether the viewer tells plates from samples of the base model."""
        right, answered = self.right_catches()
        return answered - right <= MOST_WRONG

    def named(self, contestant: str) -> list[tuple[str, str]]:
        """Pairs of a true prompt and the one that was named, for the samples of a contestant."""
        prompts = self.key["prompts"]
        return [
            (question["prompt"], prompts[self.answers[number]])
            for number, question in enumerate(self.key["questions"])
            if question["kind"] == "name"
            and question["shown"] == [contestant]
            and number in self.answers
        ]

    def preferred(self, kind: str) -> list[tuple[str, str, str]]:
        """Winner, loser and prompt of each comparison of a kind, catch trials left out."""
        found = []
        for number, question in enumerate(self.key["questions"]):
            if (
                question["kind"] == kind
                and PLATE not in question["shown"]
                and number in self.answers
            ):
                side = self.answers[number]
                shown = question["shown"]
                found.append((shown[side], shown[1 - side], question["prompt"]))
        return found

    def compared(self) -> set[int]:
        """The numbers of the comparisons that were answered, without the catch trials."""
        return {
            number
            for number in self.answers
            if self.key["questions"][number]["kind"] != "name"
            and PLATE not in self.key["questions"][number]["shown"]
        }

    def repeated(self) -> list[bool]:
        """Whether each repeated comparison was answered as before."""
        return [
            self.answers[number] != self.answers[question["repeats"]]
            for number, question in enumerate(self.key["questions"])
            if question["repeats"] is not None
            and number in self.answers
            and question["repeats"] in self.answers
        ]


def add_answers(files: Sequence[Path], runs: Sequence[RunFolder]) -> list[RunFolder]:
    """Keep the answers of files in the runs that they are about.

    Args:
        files: As the page saves them.
        runs: Folders of runs; those below `runs/` when empty.

    Returns:
        The runs that answers were added to.

    Raises:
        OldBookError: A file holds no answers, or they are of a test that no run has the key of.
    """
    touched: list[RunFolder] = []
    for file in files:
        answers = read_answers(file)
        owners = [run for run in runs or found_runs() if run.read_blind_key(answers["test"])]
        if not owners:
            raise OldBookError(
                f"{file} answers the test {answers['test']}, and none of the runs has its key: "
                "give the folders of the runs that the page was made of"
            )
        key = owners[0].read_blind_key(answers["test"])
        check(file, answers, key, owners)
        for run in owners:
            keep(file, answers, run)
            touched += [] if run in touched else [run]
    return touched


def found_runs() -> list[RunFolder]:
    """The runs below `runs/` that have a blind test."""
    return [RunFolder(folder.parent) for folder in sorted(Path("runs").glob("**/blind"))]


def read_answers(file: Path) -> dict[str, Any]:
    """The content of a file of answers.

    Raises:
        OldBookError: It is none.
    """
    try:
        content = json.loads(file.read_text())
        answers = {int(number): int(value) for number, value in content["answers"].items()}
        return {**content, "answers": answers, "test": str(content["test"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OldBookError(
            f"{file} is not a file of answers: give one that the page of a blind test has saved"
        ) from error


def check(
    file: Path, answers: dict[str, Any], key: dict[str, Any], runs: Sequence[RunFolder]
) -> None:
    """Refuse answers that are none of the test's; tell of what is missing or has changed since.

    Raises:
        OldBookError: An answer is to no question, or none that it allows.
    """
    questions = key["questions"]
    choices = {"name": len(key["prompts"])}
    for number, value in answers["answers"].items():
        known = 0 <= number < len(questions)
        if not known or not 0 <= value < choices.get(questions[number]["kind"], 2):
            raise OldBookError(
                f"{file} was changed: it has the answer {value} to question {number}; give the "
                "file as the page saved it"
            )
    if missing := len(questions) - len(answers["answers"]):
        log.warning("%s: %d of %d questions are not answered", file, missing, len(questions))
    last_steps = dict(zip(key["runs"], key["last_steps"], strict=True))
    for run in runs:
        if max(run.sampled_steps, default=0) != last_steps.get(run.name):
            log.warning("%s has checkpoints that this test was made before", run.name)


def keep(file: Path, answers: dict[str, Any], run: RunFolder) -> None:
    """Keep the answers of a viewer once, in the place of earlier ones to the same test."""
    kept = run.read_blind_answers()
    name = f"{answers.get('viewer_id') or answers.get('viewer')} {answers['test']}"
    numbered = {str(number): value for number, value in answers["answers"].items()}
    entry = {"viewer": str(answers.get("viewer") or "somebody"), "answers": numbered}
    if kept.get(name) == {**entry, "test": answers["test"]}:
        log.warning("%s: these answers are counted already", file)
        return
    run.write_blind_answers({**kept, name: {**entry, "test": answers["test"]}})


def sheets(run: RunFolder) -> list[Sheet]:
    """What viewers have answered in the tests of a run."""
    return [
        Sheet(kept["viewer"], {int(n): v for n, v in kept["answers"].items()}, key)
        for kept in run.read_blind_answers().values()
        if (key := run.read_blind_key(kept["test"]))
    ]
