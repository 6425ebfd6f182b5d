"""The files around the code: Makefile, CI script, Dockerfile and compose file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import check
from deploy.prepare import ROOT
from deploy.stack.stack import processes

MAKEFILE = (ROOT / "Makefile").read_text()


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [("make",), ("make", "help")])
def test_help_lists_every_command(command: tuple[str, ...]) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    listed = re.findall(r"^  make (\w+) +\S", run(*command).stdout, re.MULTILINE)

    assert set(listed) == set(phony[1].split())


def test_ci_runs_what_a_developer_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text()

    assert re.findall(r"^make \w+$", script, re.MULTILINE) == ["make lint", "make test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_dockerfile_follows_the_rules_of_its_trade() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    result = run(str(hadolint), "deploy/Dockerfile")

    assert (result.returncode, result.stdout) == (0, "")


def test_containers_run_as_nobody_special_from_locked_packages() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()

    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER \d+$", dockerfile, re.MULTILINE)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("image: postgres", "imagee: postgres", "imagee"),
        ("condition: service_healthy", "condition: service_wealthy", "service_wealthy"),
        ("  payments:\n", "  payment:\n", "payments"),
    ],
)
def test_a_slip_in_the_compose_file_is_found(
    good: str, bad: str, said: str, tmp_path: Path
) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert good in text
    path = tmp_path / "docker-compose.yml"
    path.write_text(text.replace(good, bad))

    assert said in "\n".join(check.compose_problems(path))


def test_the_procfile_names_a_program_for_each_process() -> None:
    for name, argv in processes().items():
        assert argv[:2] == [sys.executable, "-m"], name
        assert (ROOT / argv[2].replace(".", "/")).with_suffix(".py").exists(), name
