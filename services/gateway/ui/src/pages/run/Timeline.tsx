// What happened to a run, in order: requests, starts, pauses, changes, the end; epochs are folded together.
import { Group, Text, Timeline as Line } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../../api/client";
import { type Fact, asNumber, asObject, asString, parseFrame } from "../../live/frames";
import { factName } from "../../live/job";
import type { JobLive } from "../../live/state";
import { duration, moment } from "../../parts/format";
import { Dim, Section, Trouble } from "../../parts/parts";
import type { RunState } from "./merge";

const KINDS = [
  ...["requested", "started", "planned", "adjusted", "pause_requested", "paused", "resume_requested", "cancel_requested"],
  ...["completed", "failed", "cancelled"],
];
const COLORS: Record<string, string> = { completed: "teal", failed: "red", cancelled: "gray", adjusted: "orange", paused: "yellow" };

export function Timeline({ id, run, job }: { id: string; run: RunState; job: JobLive | undefined }) {
  const { t } = useTranslation();
  const topics = KINDS.map((kind) => `training.${kind}.v1.${id}`).join(",");
  const stored = useQuery({
    queryKey: ["timeline", id],
    refetchOnMount: "always",
    queryFn: async ({ signal }) => {
      const found = await get<unknown[]>(`/events?after=${Math.max(0, run.firstSeq - 1)}&topics=${encodeURIComponent(topics)}`, signal);
      return found.flatMap((each) => {
        const frame = parseFrame(JSON.stringify(each));
        return frame && "fact" in frame ? [frame.fact] : [];
      });
    },
  });
  const facts = useMemo(() => merged(stored.data ?? [], job), [stored.data, job]);
  return (
    <Section title={t("run.timeline")} testId="timeline">
      {stored.isError && <Trouble error={stored.error} onRetry={() => void stored.refetch()} />}
      {facts.length === 0 && !stored.isError && <Dim>{t("app.loading")}</Dim>}
      <Line bulletSize={14} lineWidth={2} active={facts.length}>
        {facts.map((fact, at) => (
          <Line.Item key={fact.id} color={COLORS[factName(fact.kind)] ?? "ink"} title={<Title fact={fact} />} data-testid={`event-${factName(fact.kind)}`}>
            <Dim>
              {moment(fact.time)}
              {at > 0 && ` · ${t("run.later", { time: duration(between(facts[at - 1], fact)) })}`} · #{fact.seq}
            </Dim>
            <Detail fact={fact} run={run} />
          </Line.Item>
        ))}
      </Line>
    </Section>
  );
}

function merged(stored: readonly Fact[], job: JobLive | undefined): Fact[] {
  const live = Object.values(job?.facts ?? {}).filter((fact) => KINDS.includes(factName(fact.kind)));
  const byId = new Map([...stored, ...live].map((fact) => [fact.id, fact]));
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}

function between(before: Fact | undefined, fact: Fact): number {
  return before ? Math.max(0, (Date.parse(fact.time) - Date.parse(before.time)) / 1000) : 0;
}

function Title({ fact }: { fact: Fact }) {
  const { t } = useTranslation();
  const name = factName(fact.kind);
  return (
    <Group gap={6}>
      <Text size="sm" fw={600}>
        {t(`run.event.${name}`)}
      </Text>
      {fact.attempt > 1 && <Dim>{t("run.attempt", { n: fact.attempt })}</Dim>}
    </Group>
  );
}

function Detail({ fact, run }: { fact: Fact; run: RunState }) {
  const { t } = useTranslation();
  const { data } = fact;
  const parts: string[] = [];
  if (factName(fact.kind) === "started") {
    parts.push(`${asString(data["worker"]) ?? ""} · ${asString(data["device"]) ?? ""}`);
    const from = asNumber(data["from_epoch"]) ?? 0;
    if (from > 0) parts.push(t("run.fromEpoch", { epoch: from }));
    const own = run.epochs.filter((each) => each.attempt === fact.attempt);
    if (own.length > 0) parts.push(t("run.didEpochs", { from: own[0]?.epoch, to: own.at(-1)?.epoch }));
  }
  if (factName(fact.kind) === "paused") {
    const reason = asString(data["reason"]) ?? "asked";
    parts.push(t(`run.pausedBy.${reason}`, { by: asString(data["by"]) ?? "" }));
  }
  const fits = Array.isArray(data["fitted"]) ? data["fitted"].map(asObject) : [];
  for (const fit of fits) {
    const before = fit["instead_of"] ?? undefined;
    const change = before === undefined ? `${fit["argument"]} ${fit["value"]}` : `${fit["argument"]} ${before} → ${fit["value"]}`;
    parts.push(`${change} (${asString(fit["reason"]) ?? ""})`);
  }
  const done = asNumber(data["epochs_done"]);
  if (done !== undefined) parts.push(t("run.didAll", { count: done }));
  if (data["keep"] === true) parts.push(t("run.cancelKeep"));
  const message = asString(data["message"]);
  if (message) parts.push(message);
  return parts.length === 0 ? null : (
    <Text size="sm" mt={2} style={{ overflowWrap: "anywhere" }}>
      {parts.join(" · ")}
    </Text>
  );
}
