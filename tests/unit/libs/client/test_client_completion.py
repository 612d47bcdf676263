"""Shells complete what the parser knows."""

import shutil
import subprocess

import pytest

from libs.client.cli import VERBS
from libs.client.completion import following, script
from libs.client.options import parser


def completed(line: str) -> set[str]:
    """What bash offers at the end of a line."""
    ask = f"""{script("bash", parser())}
COMP_WORDS=({line} ); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _shirushi; echo "${{COMPREPLY[@]}}"
"""
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run([bash, "-c", ask], capture_output=True, text=True, check=True, timeout=20)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("shirushi va", {"validate"}),
        ("shirushi up --p", {"--port"}),
        ("shirushi train --prio", {"--priority"}),
        ("shirushi train logos --priority ''", {"low", "normal", "high"}),
        ("shirushi dataset fi", {"fix"}),
        ("shirushi dataset fix v --dry", {"--dry-run"}),
        ("shirushi completion ''", {"bash", "zsh", "fish", "--help", "--url", "--json"}),
    ],
)
def test_bash_offers_what_may_follow(line: str, offered: set[str]) -> None:
    assert completed(line) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_verb_and_option_is_in_every_script(shell: str) -> None:
    text = script(shell, parser())
    for path, words in following(parser()).items():
        for word in words:
            assert word.text.removeprefix("--") in text, (path, word)
    if there := shutil.which(shell):
        subprocess.run([there, "-n", "/dev/stdin"], input=text, text=True, check=True, timeout=20)


def test_each_verb_answers_in_json() -> None:
    found = following(parser())
    for verb in VERBS:
        inner = [words for path, words in found.items() if path.split()[:1] == [verb]]
        assert any(word.text == "--json" for words in inner for word in words), verb
