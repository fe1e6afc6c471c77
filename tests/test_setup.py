"""The way to a working environment: pins, choice of Python, make targets."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PINS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read_pins(path: Path) -> dict[str, str]:
    """Version and hashes of every pinned package: the lines of one requirement joined."""
    logical = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    lines = [line.strip() for line in logical.splitlines()]
    pins: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            requirement, _, rest = line.partition(" ")
            name, _, version = requirement.partition("==")
            pins[canonicalize_name(name)] = f"{version} {rest}"
    return pins


def find_python(*args: str, path: Path, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run find-python in a world that holds only what a test put there."""
    env = {"PATH": str(path), "HOME": str(home), **variables}
    command = ["/bin/sh", str(ROOT / ".ci/find-python"), *args]
    return subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False)


def make(*args: str) -> subprocess.CompletedProcess[str]:
    """Run make at the root, free of what an outer make hands down."""
    handed_down = ("ARGS", "MAKE", "MFLAGS", "VENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(handed_down)}
    return subprocess.run(["make", *args], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def fake_python(path: Path, version: str | None) -> Path:
    """An executable that claims to be this Python, or that fails like an inactive pyenv shim."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{f'echo {version}' if version else 'exit 127'}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def test_base_and_dev_are_pinned() -> None:
    assert {path.stem for path in PINS} >= {"base", "dev"}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_every_pin_is_exact_and_hashed(path: Path) -> None:
    pins = read_pins(path)
    assert pins
    for name, pin in pins.items():
        assert re.fullmatch(r"\d\S*( +--hash=sha256:[0-9a-f]{64})+", pin), name


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.stem)
def test_pins_name_no_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|\bfile:/|[\s=]/\w|^\s*-(?!-hash=)", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("stem", "declared"),
    [
        ("base", PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]),
        ("dev", PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]),
    ],
)
def test_pins_satisfy_what_the_project_declares(stem: str, declared: list[str]) -> None:
    pins = read_pins(ROOT / "requirements" / f"{stem}.txt")
    for requirement in map(Requirement, declared):
        version = pins[canonicalize_name(requirement.name)].split()[0]
        assert requirement.specifier.contains(version), f"{requirement} is pinned at {version}"


def test_dev_pins_include_the_base_pins() -> None:
    base, dev = (read_pins(ROOT / "requirements" / f"{stem}.txt") for stem in ("base", "dev"))
    assert base.items() <= dev.items()


def test_base_stays_light() -> None:
    assert not {"solara", "starlette", "matplotlib"} & read_pins(ROOT / "requirements" / "base.txt").keys()


def test_python_version_is_3_13() -> None:
    assert (ROOT / ".python-version").read_text().split() == ["3.13"]
    assert PROJECT["project"]["requires-python"] == ">=3.12"


@pytest.mark.parametrize("version", ["3.9", "3.11", "2.7", None])
def test_a_given_python_that_will_not_do_is_refused_in_one_sentence(
    version: str | None, bin_dir: Path, tmp_path: Path
) -> None:
    fake_python(bin_dir / "python3.13", "3.13")
    given = fake_python(tmp_path / "old python", version)
    result = find_python(path=bin_dir, home=tmp_path, PYTHON=str(given))
    assert result.returncode != 0
    assert result.stdout == ""
    assert re.fullmatch(r"PYTHON=.+ cannot be used: Python 3\.12 or newer .+ is needed\.\n", result.stderr)
    assert version is None or version in result.stderr


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_a_given_python_that_will_do_comes_first(version: str, bin_dir: Path, tmp_path: Path) -> None:
    fake_python(bin_dir / "python3.13", "3.13")
    given = fake_python(tmp_path / "my python", version)
    assert find_python(path=bin_dir, home=tmp_path, PYTHON=str(given)).stdout.strip() == str(given)


def test_no_python_at_all_is_told_in_one_sentence(bin_dir: Path, tmp_path: Path) -> None:
    result = find_python(path=bin_dir, home=tmp_path)
    assert result.returncode != 0
    assert re.fullmatch(r"No Python 3\.12 or newer .+ was found: .+\.\n", result.stderr)


@pytest.mark.parametrize("variable", ["HOME", "PYENV_ROOT"])
def test_pyenvs_folder_is_searched_if_shims_refuse(variable: str, bin_dir: Path, tmp_path: Path) -> None:
    fake_python(bin_dir / "python3.13", None)
    fake_python(bin_dir / "python3", "3.11")
    root = tmp_path / ".pyenv" if variable == "HOME" else tmp_path / "elsewhere"
    fake_python(root / "versions/3.12.1/bin/python", "3.12")
    wanted = fake_python(root / "versions/3.13.0/bin/python", "3.13")
    variables = {} if variable == "HOME" else {"PYENV_ROOT": str(root)}
    assert find_python(path=bin_dir, home=tmp_path, **variables).stdout.strip() == str(wanted)


def test_3_13_is_preferred_and_3_12_will_do(bin_dir: Path, tmp_path: Path) -> None:
    fake_python(bin_dir / "python3.12", "3.12")
    fake_python(bin_dir / "python3", "3.14")
    assert find_python(path=bin_dir, home=tmp_path).stdout.strip() == "python3.12"
    fake_python(bin_dir / "python", "3.13")
    assert find_python(path=bin_dir, home=tmp_path).stdout.strip() == "python"


def test_a_version_can_be_asked_for(bin_dir: Path, tmp_path: Path) -> None:
    fake_python(bin_dir / "python3.13", "3.13")
    assert find_python("3.12", path=bin_dir, home=tmp_path).returncode != 0
    fake_python(bin_dir / "python3", "3.12")
    assert find_python("3.12", path=bin_dir, home=tmp_path).stdout.strip() == "python3"


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
def test_make_alone_lists_the_targets() -> None:
    result = make()
    assert result.returncode == 0, result.stderr
    assert result.stdout == make("help").stdout
    assert re.search(r"^ +make run +\S", result.stdout, re.MULTILINE)


@needs_make
def test_every_target_is_documented() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    listed = re.findall(r"^ +make ([a-z-]+) +\S", make("help").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


@needs_make
def test_arguments_are_passed_on() -> None:
    assert "pps run baseline --seeds 3\n" in make("--dry-run", "run", "ARGS=--seeds 3").stdout


def test_ci_runs_the_test_command() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "make test"
