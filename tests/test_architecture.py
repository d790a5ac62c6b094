"""What the import linter cannot say about the package: each thing has one owner."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lightning.pytorch import Callback

import oldbook_diffusion
from oldbook_diffusion import callbacks
from oldbook_diffusion.evaluation.logging import layout
from oldbook_diffusion.metrics.catalogue import CURVES
from oldbook_diffusion.metrics.curve import Curve
from oldbook_diffusion.run.layout import RunLayout

PACKAGE = Path(oldbook_diffusion.__file__).parent
LONGEST = {"Illustrations.__init__": 33}  # its signature alone is 14 lines
# classes whose arguments are the keys of a group of the config
CONFIG_NOUNS = {"StyleDiffusion.__init__", "Illustrations.__init__", "Evaluate.__init__"}
MORE_ARGUMENTS = {"ShuffledRows.__init__": 8} | dict.fromkeys(CONFIG_NOUNS, 12)
NAMED_TUPLE = {"_asdict", "_fields"}  # public, whatever they begin with
OF_NO_MODULE = (
    # of the repository
    "test_architecture.py",
    "test_benchmarks.py",
    "test_configs.py",
    "test_docs.py",
    "test_extending.py",
    "test_lock.py",
    "test_readme.py",
    "recipes/test_nano.py",
    # of the page's script, and of what several processes and kills leave
    "blind/test_browser.py",
    "report/test_browser.py",
    "data/test_processes.py",
    "run/test_kills.py",
)
GROUPS = {tag.split("/")[0] for tag in CURVES}


def strings(file: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings, those inside of f-strings too."""
    tree = ast.parse(file.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def modules_with(spelled: re.Pattern[str], owner: str) -> list[str]:
    """The modules beside the owner that spell something out."""
    names = {str(file.relative_to(PACKAGE)): file for file in PACKAGE.rglob("*.py")}
    assert owner in names
    others = {name: file for name, file in names.items() if name != owner}
    assert any(spelled.match(text) for text in strings(names[owner]))
    return [n for n, file in others.items() if any(spelled.match(text) for text in strings(file))]


def test_each_module_of_callbacks_holds_a_callback() -> None:
    names = [module.name for module in pkgutil.iter_modules(callbacks.__path__)]
    assert len(names) > 10
    for name in names:
        module = importlib.import_module(f"oldbook_diffusion.callbacks.{name}")
        own = [
            x
            for _, x in inspect.getmembers(module, inspect.isclass)
            if x.__module__ == module.__name__
        ]
        assert any(issubclass(x, Callback) for x in own), f"callbacks/{name}.py holds no callback"


def test_paths_of_a_run_are_spelled_in_its_layout_alone() -> None:
    folder = RunLayout(Path())
    files = [folder.config, folder.lock, folder.report, folder.bad_samples, folder.before_after]
    files += [folder.embeddings_of(1), folder.reference_set, folder.validity, folder.selection]
    files += [folder.confirmation, folder.scores_of(1)]
    names = "|".join(re.escape(file.name) for file in files)
    spelled = re.compile(rf"/?(checkpoints|images|base)/\S|(.*/)?({names})$|.*step=\{{|step=$")
    assert modules_with(spelled, "run/layout.py") == []


def test_curves_are_named_in_the_catalogue_alone() -> None:
    spelled = re.compile(rf"({'|'.join(GROUPS)})/[a-z_]*$")
    assert modules_with(spelled, "metrics/catalogue.py") == []
    for name in ("page.js", "page.html.j2"):
        text = (PACKAGE / "report" / name).read_text()
        assert not re.search(rf"""["'`]({"|".join(GROUPS)})/""", text), name


@pytest.mark.parametrize("kind", ["Margin", "Multiline"])
def test_a_curve_of_the_catalogue_is_charted_without_another_line(kind: str) -> None:
    where = {"band": "Style"} if kind == "Margin" else {"lines": ("Style", "New")}
    charts = layout([Curve("style/new", "New", "a score of tomorrow", **where)])["Style"]  # type: ignore[arg-type]
    ((chart, tags),) = charts.values()
    assert chart == kind
    assert tags[0] == "style/new"


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of the package with a name such as `Scorer.prepare`."""
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text())
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        owners = {id(part): f"{owner.name}." for owner in classes for part in owner.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield owners.get(id(node), "") + node.name, node


def test_no_function_is_longer_than_30_lines() -> None:
    lengths = [(name, (node.end_lineno or 0) - node.lineno + 1) for name, node in functions()]
    assert len(lengths) > 500
    assert [(name, long) for name, long in lengths if long > LONGEST.get(name, 30)] == []


def test_no_function_has_more_than_6_arguments() -> None:
    for name, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        named = [x for x in arguments if x.arg not in ("self", "cls")]
        limit = MORE_ARGUMENTS.get(name, 6)
        assert len(named) <= limit, f"{name} has {len(named)} arguments"


def private_parts(file: Path) -> Iterator[str]:
    """The private names that a module uses and the package does not define."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", None) or ""
            names = [*module.split("."), *(part.name for part in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            names = [x.value for x in node.args if isinstance(x, ast.Constant)]
        else:
            continue
        yield from (x for x in map(str, names) if re.match(r"_[a-z]|f_locals", x))


def test_private_parts_of_libraries_are_touched_in_few_places() -> None:
    modules = {str(file.relative_to(PACKAGE)): file for file in PACKAGE.rglob("*.py")}
    used = {name: set(private_parts(file)) - NAMED_TUPLE for name, file in modules.items()}
    assert {name: parts for name, parts in used.items() if parts} == {
        "compiled.py": {"_dynamo"},
        "cache/networks.py": {"_name_or_path"},
        "callbacks/checkpoint.py": {"_save_checkpoint", "_save_last_checkpoint"},
        "optimization.py": {"_step_supports_amp_scaling"},
        "commands/list_keys.py": {"_option_string_actions"},
        "data/read_errors.py": {"f_locals"},
    }


def test_tests_mirror_the_package() -> None:
    tests = Path(__file__).parent
    names = [str(file.relative_to(tests)) for file in tests.rglob("test_*.py")]
    assert len(names) > 40
    strays = []
    for name in sorted(set(names) - set(OF_NO_MODULE)):
        module = PACKAGE / name.replace("test_", "").removesuffix(".py")
        if not module.is_dir() and not module.with_suffix(".py").is_file():
            strays.append(name)
    assert strays == [], "name a test module as the module that it tests"
