"""Completion of the command line in bash, zsh and fish: written from the parser itself."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote


@dataclass(frozen=True)
class Word:
    """A word that may come next, and what it means."""

    text: str
    meaning: str


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script that a shell reads: `eval "$(shirushi completion bash)"`."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](parser)


def following(parser: argparse.ArgumentParser) -> dict[str, list[Word]]:
    """What may follow each row of verbs: `""`, `"train"`, `"dataset fix"`, …."""
    return dict(_walk(parser, ""))


def _walk(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, list[Word]]]:
    words: list[Word] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            words += [Word(each.dest, each.help or "") for each in action._choices_actions]  # noqa: SLF001
            for name, inner in action.choices.items():
                yield from _walk(inner, f"{path} {name}".strip())
            continue
        words += [Word(flag, action.help or "") for flag in action.option_strings if flag != "-h"]
        if action.choices and not action.option_strings:
            words += [Word(str(each), action.help or "") for each in action.choices]
    yield path, words


def values(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """The values that an option takes, where they are few, by option."""
    found: dict[str, list[str]] = {}
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for inner in action.choices.values():
                found |= values(inner)
        elif action.choices and action.option_strings:
            found |= {
                flag: [str(each) for each in action.choices] for flag in action.option_strings
            }
    return found


def _bash(parser: argparse.ArgumentParser) -> str:
    rows = [
        f"    {quote(path)}) words={quote(' '.join(word.text for word in words))} ;;"
        for path, words in following(parser).items()
    ]
    told = [f"    {flag}) words={quote(' '.join(own))} ;;" for flag, own in values(parser).items()]
    return "\n".join(
        [
            "_shirushi() {",
            '  local cur="${COMP_WORDS[COMP_CWORD]}" words="" path',
            '  local before="${COMP_WORDS[COMP_CWORD-1]}"',
            '  local place=("${COMP_WORDS[1]} ${COMP_WORDS[2]}" "${COMP_WORDS[1]}")',
            '  [ "$COMP_CWORD" -eq 1 ] && place=("")',
            '  [ "$COMP_CWORD" -eq 2 ] && place=("${COMP_WORDS[1]}")',
            '  for path in "${place[@]}"; do',
            '  [ -z "$words" ] && case "$path" in',
            *rows,
            "  esac",
            "  done",
            '  case "$before" in',
            *told,
            "  esac",
            '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
            "}",
            "complete -o default -F _shirushi shirushi",
            "",
        ]
    )


def _zsh(parser: argparse.ArgumentParser) -> str:
    rows = [
        f"    ({quote(path)}) words=({' '.join(quote(_described(word)) for word in found)}) ;;"
        for path, found in following(parser).items()
    ]
    told = [
        f"    ({flag}) compadd -- {' '.join(map(quote, own))}; return ;;"
        for flag, own in values(parser).items()
    ]
    return "\n".join(
        [
            "#compdef shirushi",
            "_shirushi() {",
            "  local -a typed words; typed=($words); words=()",
            "  local place",
            '  case "$typed[CURRENT-1]" in',
            *told,
            "  esac",
            '  for place in "$typed[2] $typed[3]" "$typed[2]" ""; do',
            '    (( CURRENT == 2 )) && place=""',
            '    case "$place" in',
            *rows,
            "    esac",
            "    (( $#words )) && break",
            "  done",
            "  _describe -o shirushi words",
            "  _files",
            "}",
            "compdef _shirushi shirushi",
            "",
        ]
    )


def _fish(parser: argparse.ArgumentParser) -> str:
    known = values(parser)
    lines = []
    for path, words in following(parser).items():
        verbs = path.split()
        seen = "; and ".join(f"__fish_seen_subcommand_from {verb}" for verb in verbs)
        when = quote(seen or "__fish_use_subcommand")
        for word in words:
            how = f"-l {word.text[2:]}" if word.text.startswith("--") else f"-a {quote(word.text)}"
            if own := known.get(word.text):
                how += f" -x -a {quote(' '.join(own))}"
            lines.append(f"complete -c shirushi -n {when} {how} -d {quote(word.meaning)}")
    return "\n".join([*lines, ""])


def _described(word: Word) -> str:
    return f"{word.text}:{word.meaning}".replace("%", "%%")
