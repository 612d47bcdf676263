"""The verb `validate`: check a dataset, show or write what was found, and gate a pipeline."""

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.errors import ClientError
from libs.client.reports import junit, sarif, too_bad
from libs.client.screen import Screen
from libs.client.show import Json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path, progress

_MOST_RULES_BYTES = 1_000_000
FORMATS = ("text", "json", "sarif", "junit")


def validate(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Check a dataset; exits with 1 where a finding is at or above `--fail-on`."""
    options: dict[str, Any] = {"mode": arguments.mode}
    if arguments.rules:
        options["rules"] = read_rules(arguments.rules)
    if arguments.predictions:
        options["predictions"] = arguments.predictions
    with progress(arguments, console, "checking") as on_progress:
        report = client.validate_dataset(arguments.path, on_progress=on_progress, **options)
    if arguments.lang != "en":
        report = client.dataset_report(report["validation_id"], lang=arguments.lang)
    wanted = "json" if arguments.json else arguments.format
    if wanted == "text" and not arguments.output:
        show.validation(console, report)
    else:
        _write(_rendered(client, arguments, report, wanted), arguments.output)
    return FAILED if too_bad(report, arguments.fail_on) else DONE


def _rendered(client: Client, arguments: argparse.Namespace, report: Json, wanted: str) -> str:
    if wanted == "text":
        paper = Screen(record=True, file=io.StringIO(), width=120)
        show.validation(paper, report)
        return paper.export_text()
    lang = arguments.lang
    findings = list(client.dataset_findings(report["validation_id"], lang=lang))
    if wanted == "json":
        return json.dumps({**report, "findings": findings}, ensure_ascii=False) + "\n"
    rules = client.dataset_rules()
    if wanted == "junit":
        return junit(report, findings, rules, fail_on=arguments.fail_on, lang=lang)
    return (
        json.dumps(sarif(report, findings, rules, lang=lang), ensure_ascii=False, indent=1) + "\n"
    )


def _write(text: str, output: Path | None) -> None:
    """To the file, which is there whole or not at all; to stdout without one."""
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        part = output.with_name(f".{output.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(output)
    except OSError as error:
        raise ClientError(f"{output} cannot be written: {error.strerror}.") from error


def read_rules(file: Path) -> Json:
    """Severities and thresholds from a YAML or JSON file: `{rule_id: {severity, threshold}}`.

    Raises:
        ClientError: it cannot be read, or is no such mapping.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(_MOST_RULES_BYTES)
        wishes: Any = yaml.safe_load(raw)
    except OSError as error:
        raise ClientError(f"{file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ClientError(f"{file} is neither YAML nor JSON.") from error
    if not isinstance(wishes, dict):
        raise ClientError(f"{file} must map rules to {{severity, threshold}}.")
    return {str(rule): _plain(wish) for rule, wish in wishes.items()}


def _plain(wish: Any) -> Any:
    """`severity: off` without quotes is False in YAML."""
    if isinstance(wish, dict) and wish.get("severity") is False:
        return wish | {"severity": "off"}
    return wish


def add_arguments(verb: AddVerb) -> None:
    """The verb of this area."""
    command = verb("validate", "check a dataset; exits with 1 where it is not good enough")
    command.add_argument(
        "path", metavar="PATH", type=full_path, help="folder, data.yaml, name or s3://bucket/…"
    )
    command.add_argument(
        "--mode",
        choices=["fast", "standard", "full"],
        default="full",
        help="fast: names, headers, labels; standard: and every byte; full: and every pixel",
    )
    command.add_argument(
        "--fail-on",
        choices=["E", "W", "never"],
        default="E",
        help="exit with 1 where a finding is an error, or at least a warning; default: E",
    )
    command.add_argument(
        "--rules", type=Path, metavar="FILE", help="YAML: {rule: {severity, threshold}}"
    )
    command.add_argument(
        "--predictions",
        metavar="VALIDATION_ID",
        help="of a completed model validation: name the labels that it contradicts",
    )
    command.add_argument(
        "--format", choices=FORMATS, default="text", help="sarif and junit are for CI systems"
    )
    command.add_argument("--output", type=Path, metavar="FILE", help="write there, not to stdout")
    command.add_argument("--lang", choices=["en", "ja"], default="en", help="of the sentences")


VERBS: dict[str, Verb] = {"validate": validate}
