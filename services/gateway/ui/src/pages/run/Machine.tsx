// What the run's host was doing meanwhile: CPU, memory, GPUs; the gateway's record first, then what comes.
import { Grid, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { MachineHistory } from "../../api/rest.gen";
import { ask } from "../../api/typed";
import { Figure } from "../../charts/Figure";
import { ZoomHint } from "../../charts/ZoomHint";
import type { Curve } from "../../charts/Curves";
import { type Span, spanOf, spanText } from "../../charts/span";
import { asNumber, asString } from "../../live/frames";
import { useReadings } from "../../live/store";
import { Dim, Section, Trouble } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";
import type { RunState } from "./merge";

const GIB = 2 ** 30;
const MOST = 1200;
const REFRESH = 300; // then the gateway's record, which is coarse for what is long ago, takes their place
const APART_MS = 1500; // several services of one host tell at once

interface Live {
  at: number;
  cpu: number | null;
  memory: number | null;
  gpus: Record<string, { used: number | null; share: number | null; name: string }>;
}

export function Machine({ run, file }: { run: RunState; file: string }) {
  const { t } = useTranslation();
  const host = run.worker?.slice(0, run.worker.lastIndexOf(":"));
  const since = run.startedAt ?? undefined;
  const until = run.endedAt ?? undefined;
  const past = useQuery({
    queryKey: ["machine", host, since, until],
    enabled: host !== undefined,
    refetchOnMount: "always",
    queryFn: ({ signal }) => ask("GET /system/history", { query: { host: host ?? null, since: since ?? null, until: until ?? null } }, signal),
  });
  const [live, setLive] = useState<Live[]>([]);
  useEffect(() => setLive([]), [host, until, past.dataUpdatedAt]);
  useReadings("system", ({ data }) => {
    if (until !== undefined || asString(data["host"]) !== host) return;
    const sample = sampleOf(data);
    setLive((before) => (sample.at - (before.at(-1)?.at ?? 0) < APART_MS ? before : [...before, sample].slice(-MOST)));
  });
  const { refetch } = past;
  useEffect(() => {
    if (live.length > 0 && live.length % REFRESH === 0) void refetch();
  }, [live.length, refetch]);
  const [span, setSpan] = useTyped("time");
  const shared = { range: spanOf(span), onSpan: (wanted: Span) => setSpan(spanText(wanted)) };
  const curves = useMemo(() => curvesOf(past.data?.[0], live, t), [past.data, live, t]);
  if (!host) return <Section title={t("run.machine")}><Dim>{t("run.machineLater")}</Dim></Section>;
  if (past.isError) return <Trouble error={past.error} onRetry={() => void past.refetch()} />;
  const { load, memory } = curves;
  if (!past.isPending && load.every((each) => each.points.length === 0)) {
    return <Section title={t("run.machine")}><Dim>{t("run.machineGone")}</Dim></Section>;
  }
  return (
    <Stack gap="xs" data-testid="machine">
      <Group gap="sm">
        <Dim>{t("run.machineOf", { host })}</Dim>
        <ZoomHint zoomed={shared.range !== null} showAll={() => setSpan("")} />
      </Group>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: memory.length > 0 ? 6 : 12 }}>
          <Figure title={t("run.load")} curves={load} max={100} file={`${file}-load`} testId="load-chart" {...shared} />
        </Grid.Col>
        {memory.length > 0 && (
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Figure title={t("run.gpuMemory")} curves={memory} file={`${file}-gpu-memory`} testId="gpu-chart" {...shared} />
          </Grid.Col>
        )}
      </Grid>
    </Stack>
  );
}

function sampleOf(data: Record<string, unknown>): Live {
  const gpus = Array.isArray(data["gpus"]) ? (data["gpus"] as Record<string, unknown>[]) : [];
  return {
    at: Date.now(),
    cpu: asNumber(data["cpu_percent"]) ?? null,
    memory: asNumber(data["memory_percent"]) ?? null,
    gpus: Object.fromEntries(
      gpus.map((gpu) => [
        String(gpu["uuid"]),
        {
          used: asNumber(gpu["memory_used_bytes"]) ?? null,
          share: asNumber(gpu["utilization_percent"]) ?? null,
          name: `GPU ${gpu["index"]}`,
        },
      ]),
    ),
  };
}

type T = ReturnType<typeof useTranslation>["t"];

function curvesOf(past: MachineHistory | undefined, live: Live[], t: T): { load: Curve[]; memory: Curve[] } {
  const times = (past?.time ?? []).map((second) => second * 1000);
  const last = times.at(-1) ?? 0;
  const fresh = live.filter((sample) => sample.at > last);
  const line = (name: string, color: number, before: (number | null)[], after: (sample: Live) => number | null, scale = 1): Curve => ({
    name,
    color,
    points: [
      ...times.map((time, at): [number, number | null] => [time, scaled(before[at] ?? null, scale)]),
      ...fresh.map((sample): [number, number | null] => [sample.at, scaled(after(sample), scale)]),
    ],
  });
  const gpus = past?.gpus ?? [];
  return {
    load: [
      line(t("overview.cpu"), 0, past?.cpu_percent ?? [], (sample) => sample.cpu),
      line(t("overview.memory"), 2, past?.memory_percent ?? [], (sample) => sample.memory),
      ...gpus.map((gpu, i) => line(`GPU ${gpu.index}`, 1 + 2 * i, gpu.utilization_percent, (sample) => sample.gpus[gpu.uuid]?.share ?? null)),
    ],
    memory: gpus.map((gpu, i) => line(`GPU ${gpu.index}`, 1 + 2 * i, gpu.memory_used_bytes, (sample) => sample.gpus[gpu.uuid]?.used ?? null, 1 / GIB)),
  };
}

function scaled(value: number | null, scale: number): number | null {
  return value === null ? null : Math.round(value * scale * 100) / 100;
}
