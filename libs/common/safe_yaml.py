"""Parse a YAML file that nobody vouches for: bounded, plain values only, never executed.

The parser is the pinned trainer's (YAML 1.1, PyYAML's safe loader), so that what is read is what
the trainer would read; what it would silently swallow or run is named as a problem instead.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_YAML_BYTES = 256 * 1024
MAX_YAML_VALUES = 100_000
_PLAIN = "null bool int float str seq map timestamp binary set omap pairs merge value"
_SAFE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in _PLAIN.split())


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a dataset's description, under its rule id of the catalogue."""

    rule: str
    message: str
    line: int | None = None
    value: str | None = None
    fatal: bool = True
    """The dataset cannot be used before this is mended."""
    file: Path | None = None


@dataclass(slots=True)
class YamlFile:
    """A YAML file and what is wrong with it."""

    file: Path
    problems: list[Problem] = field(default_factory=list)

    def report(self, rule: str, message: str, *, fatal: bool = True, **where: Any) -> None:
        """Note a problem of this file."""
        self.problems.append(Problem(rule, message, fatal=fatal, file=self.file, **where))


def read_mapping(found: YamlFile) -> dict[Any, Any] | None:
    """Read `found.file` as a mapping of plain values, noting every problem in `found`.

    Returns:
        The mapping, duplicate keys taken as the trainer takes them (the last one wins); None if
        there is no mapping that could be read without harm.
    """
    text = _text(found)
    node = _compose(found, text) if text is not None else None
    return _construct(found, node) if node is not None else None


def _text(found: YamlFile) -> str | None:
    with found.file.open("rb") as stream:
        raw = stream.read(MAX_YAML_BYTES + 1)
    if len(raw) > MAX_YAML_BYTES:
        found.report(
            "yaml_syntax_error",
            f"The file is larger than {MAX_YAML_BYTES // 1024} KiB: that is not a data.yaml.",
        )
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.report(
            "yaml_non_utf8",
            "The file is not UTF-8: the trainer drops the bytes it cannot read. Save it as UTF-8.",
            fatal=False,
            line=raw.count(b"\n", 0, error.start) + 1,
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="ignore")
    return raw.decode("utf-8", errors="ignore")


def _compose(found: YamlFile, text: str) -> yaml.MappingNode | None:
    loader = yaml.SafeLoader("")
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        tab = any("\t" in row[: len(row) - len(row.lstrip())] for row in text.splitlines())
        found.report(
            "yaml_tab_indent" if tab else "yaml_syntax_error",
            "A line is indented with a tab, which YAML forbids: use spaces."
            if tab
            else f"This is not YAML: {getattr(error, 'problem', None) or 'unreadable characters'}.",
            line=line,
        )
        return None
    except RecursionError:
        found.report("yaml_syntax_error", "The values are nested too deeply for a data.yaml.")
        return None
    finally:
        loader.dispose()
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
        found.report("yaml_empty", "The file is empty: it must say train, val and names.")
        return None
    if not isinstance(node, yaml.MappingNode):
        found.report(
            "yaml_not_mapping", "The file must be a mapping, such as 'train: images/train'."
        )
        return None
    return node if _is_harmless(found, node) else None


def _is_harmless(found: YamlFile, root: yaml.Node) -> bool:
    """Whether there are only plain values, no cycle, and a bounded size with aliases expanded."""
    try:
        size = _expanded_size(root, {}, found)
    except (RecursionError, OverflowError):
        size = MAX_YAML_VALUES + 1
    if size > MAX_YAML_VALUES:
        found.report(
            "yaml_syntax_error",
            f"Its aliases expand to more than {MAX_YAML_VALUES:,} values: write them out.",
        )
    return not any(problem.fatal for problem in found.problems)


def _expanded_size(node: yaml.Node, seen: dict[int, int], found: YamlFile) -> int:
    known = seen.get(id(node))
    if known == -1:
        raise OverflowError  # an alias to one of its own parents
    if known is not None:
        return known
    seen[id(node)] = -1
    line = node.start_mark.line + 1
    if node.tag not in _SAFE_TAGS:
        found.report(
            "yaml_unsafe_tag",
            f"The tag '{node.tag[:60]}' asks for code to be run. It was not; remove the tag.",
            line=line,
            value=node.tag[:60],
        )
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        _report_duplicate_keys(found, node)
        children = [child for pair in node.value for child in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    size = 1 + sum(_expanded_size(child, seen, found) for child in children)
    seen[id(node)] = size
    return size


def _report_duplicate_keys(found: YamlFile, node: yaml.MappingNode) -> None:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        if key.value in first:
            found.report(
                "yaml_duplicate_key",
                f"The key '{key.value[:60]}' is written twice (first in line {first[key.value]}); "
                "the trainer would silently take the last. Keep one.",
                line=line,
                value=key.value[:60],
            )
        first.setdefault(key.value, line)


def _construct(found: YamlFile, node: yaml.MappingNode) -> dict[Any, Any] | None:
    loader = yaml.SafeLoader("")
    try:
        data = loader.construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error)
        found.report("yaml_syntax_error", f"A value cannot be read: {str(problem)[:120]}.")
        return None
    finally:
        loader.dispose()
    return {key: None if value == "None" else value for key, value in data.items()}
