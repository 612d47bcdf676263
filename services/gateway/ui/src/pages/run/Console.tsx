// What the run prints, as it comes, with a search; only the lines that can be seen are in the page.
import { ActionIcon, Button, Group, Switch, Text, TextInput } from "@mantine/core";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { saveText } from "../../charts/table";
import { Windowed } from "../../parts/Windowed";
import { count } from "../../parts/format";
import { Dim, Section, Trouble } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";
import { plain } from "./plain";
import { useConsole } from "./useConsole";

const ROW_PX = 19;
const HEIGHT_PX = 480;

export function Console({ id, ended, file }: { id: string; ended: boolean; file: string }) {
  const { t } = useTranslation();
  const { lines, error, loading } = useConsole(id, ended);
  const [search, setSearch] = useTyped("find");
  const [onlyHits, setOnlyHits] = useTyped("only");
  const only = onlyHits === "1";
  const [chosen, setChosen] = useState(-1);
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const texts = useMemo(() => lines.map((line) => plain(line.text)), [lines]);
  const hits = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    return wanted === "" ? [] : texts.flatMap((text, at) => (text.toLowerCase().includes(wanted) ? [at] : []));
  }, [texts, search]);
  const rows = only && search !== "" ? hits : null;
  const total = rows ? rows.length : lines.length;
  const found = new Set(hits);
  useEffect(() => {
    if (following && !ended && box.current) box.current.scrollTop = total * ROW_PX;
  }, [total, following, ended]);

  const go = (step: number) => {
    if (hits.length === 0) return;
    const next = (chosen + step + hits.length) % hits.length;
    const line = hits[next] ?? 0;
    setChosen(next);
    setFollowing(false);
    if (box.current) box.current.scrollTop = (rows ? next : line) * ROW_PX - HEIGHT_PX / 2;
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  };
  return (
    <Section
      title={t("run.console")}
      testId="console"
      aside={
        <Group gap="xs">
          <Dim>{t("run.lines", { count: lines.length, n: count(lines.length) })}</Dim>
          <Button size="compact-xs" variant="default" disabled={lines.length === 0} onClick={() => saveText(`${file}-console.log`, texts.join("\n"), "text/plain")}>
            {t("run.saveLog")}
          </Button>
        </Group>
      }
    >
      <Group gap="xs" mb="xs">
        <TextInput
          size="xs"
          flex="1 1 12rem"
          placeholder={t("run.find")}
          aria-label={t("run.find")}
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setChosen(-1);
          }}
          onKeyDown={keys}
          data-testid="console-search"
        />
        <Text size="xs" c="dimmed" miw={60} data-testid="console-hits">
          {search && t("run.hits", { at: chosen + 1 || "–", of: hits.length })}
        </Text>
        <ActionIcon size="sm" variant="default" aria-label={t("run.previous")} disabled={hits.length === 0} onClick={() => go(-1)}>
          ↑
        </ActionIcon>
        <ActionIcon size="sm" variant="default" aria-label={t("run.next")} disabled={hits.length === 0} onClick={() => go(1)}>
          ↓
        </ActionIcon>
        <Switch size="xs" label={t("run.onlyHits")} checked={only} onChange={(event) => setOnlyHits(event.target.checked ? "1" : "")} />
        {!ended && <Switch size="xs" label={t("run.follow")} checked={following} onChange={(event) => setFollowing(event.target.checked)} />}
      </Group>
      {error !== null && <Trouble error={error} />}
      {lines.length === 0 && error === null && <Dim>{t(loading ? "app.loading" : ended ? "run.noLines" : "run.linesLater")}</Dim>}
      {lines.length > 0 && (
        <Windowed
          box={box}
          className="console mono"
          count={total}
          rowPx={ROW_PX}
          heightPx={HEIGHT_PX}
          label={t("run.console")}
          testId="console-lines"
          onScrolled={(atEnd) => setFollowing(atEnd)}
          row={(index) => {
            const at = rows ? (rows[index] ?? 0) : index;
            return (
              <div key={at} role="listitem" className={at === hits[chosen] ? "line chosen" : found.has(at) ? "line hit" : "line"} style={{ height: ROW_PX }}>
                <span className="number-of-line">{lines[at]?.line}</span>
                {texts[at]}
              </div>
            );
          }}
        />
      )}
    </Section>
  );
}
