// One card: how busy, how full, how warm, and which processes hold its memory, each with the run that owns it.
import { Group, Progress } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { GpuDevice } from "../../api/types";
import { asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { percent, size } from "../../parts/format";
import { Dim, Sparkline } from "../../parts/parts";
import { Card } from "./Card";

export function Gpu({ gpu, history, host }: { gpu: GpuDevice; history: number[]; host: string | null }) {
  const { t } = useTranslation();
  const used = gpu.memory_total_bytes ? (100 * gpu.memory_used_bytes) / gpu.memory_total_bytes : 0;
  const facts = [
    gpu.temperature_c !== null && `${Math.round(gpu.temperature_c)} °C`,
    gpu.power_w !== null && `${Math.round(gpu.power_w)} W`,
  ].filter(Boolean);
  return (
    <Card title={host === null ? gpu.name : `${gpu.name} · ${host}`} value={percent(gpu.utilization_percent)} testId="gpu">
      <Sparkline values={history} label={t("overview.gpu")} />
      <Progress value={used} mt={6} aria-label={t("overview.memory")} />
      <Group justify="space-between" gap={4}>
        <Dim>{t("overview.memoryOf", { used: size(gpu.memory_used_bytes), total: size(gpu.memory_total_bytes) })}</Dim>
        <Dim>{facts.join(" · ")}</Dim>
      </Group>
      {gpu.processes.length > 0 && (
        <ul className="plain processes" aria-label={t("overview.processes", { count: gpu.processes.length })}>
          {gpu.processes.map((each) => (
            <li key={each.pid}>
              <Owner training={each.training_id} />
              <Dim>
                {each.pid} · {size(each.used_bytes)}
              </Dim>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Owner({ training }: { training: string | null }) {
  const { t } = useTranslation();
  const job = useJob(training ?? undefined);
  if (training === null) return <Dim>{t("overview.notOurs")}</Dim>;
  const name = asString(job && viewOf(job).request?.data["experiment_name"]) ?? training.slice(0, 8);
  return (
    <Link className="row-link" to={`/trainings/${training}`}>
      {name}
    </Link>
  );
}
