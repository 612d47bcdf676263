// Cards of GPU, CPU, memory and disk: the first value by REST, then by the telemetry of the socket.
import { Group, Progress, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { GpuDevice, SystemStatus } from "../../api/types";
import { useHosts } from "../../live/store";
import type { HostLive } from "../../live/state";
import { Dim, Sparkline } from "../../parts/parts";
import { percent, size } from "../../parts/format";

export function Machine({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const hosts = Object.values(useHosts()).sort((a, b) => a.host.localeCompare(b.host));
  const several = hosts.length > 1;
  const name = (host: HostLive) => (several ? ` · ${host.host}` : "");
  const disk = status?.disk_usage;
  return (
    <>
      <Gpus status={status} hosts={hosts} />
      {hosts.length === 0 && (
        <>
          <Card title={t("overview.cpu")} value={percent(status?.cpu_usage)} />
          <Card title={t("overview.memory")} value={percent(status?.memory_usage)} />
        </>
      )}
      {hosts.map((host) => (
        <Card key={host.host} title={t("overview.cpu") + name(host)} value={percent(host.samples.at(-1)?.cpu)}>
          <Sparkline values={host.samples.map((sample) => sample.cpu)} label={t("overview.cpu")} />
        </Card>
      ))}
      {hosts.map((host) => (
        <Card key={host.host} title={t("overview.memory") + name(host)} value={percent(host.samples.at(-1)?.memory)}>
          <Sparkline values={host.samples.map((sample) => sample.memory)} label={t("overview.memory")} />
        </Card>
      ))}
      <Card title={t("overview.disk")} value={percent(disk?.percent)}>
        {disk && (
          <>
            <Progress value={disk.percent} color={disk.percent > 90 ? "red" : undefined} aria-label={t("overview.disk")} />
            <Dim>{t("overview.diskFree", { free: Math.round(disk.free), total: Math.round(disk.total) })}</Dim>
          </>
        )}
      </Card>
    </>
  );
}

function Gpus({ status, hosts }: { status: SystemStatus | undefined; hosts: HostLive[] }) {
  const { t } = useTranslation();
  const live = hosts.flatMap((host) => (host.samples.at(-1)?.gpus ?? []) as unknown as GpuDevice[]);
  const gpus = live.length > 0 ? live : (status?.gpu_info?.devices ?? []);
  if (gpus.length === 0) {
    return (
      <Card title={t("overview.gpu")} value={status ? t("overview.noGpu") : "—"}>
        {status && <Dim>{t("overview.noGpuHint")}</Dim>}
      </Card>
    );
  }
  return gpus.map((gpu, i) => {
    const used = gpu.memory_total_bytes ? (100 * gpu.memory_used_bytes) / gpu.memory_total_bytes : 0;
    const history = hosts.flatMap((host) =>
      host.samples.map((sample) => Number((sample.gpus[i] as unknown as GpuDevice | undefined)?.utilization_percent ?? 0)),
    );
    return (
      <Card key={gpu.uuid ?? i} title={gpu.name} value={percent(gpu.utilization_percent)}>
        <Sparkline values={history} label={t("overview.gpu")} />
        <Progress value={used} mt={6} aria-label={t("overview.memory")} />
        <Group justify="space-between" gap={4}>
          <Dim>{t("overview.memoryOf", { used: size(gpu.memory_used_bytes), total: size(gpu.memory_total_bytes) })}</Dim>
          <Dim>
            {[
              gpu.temperature_c != null && `${Math.round(gpu.temperature_c)} °C`,
              gpu.power_w != null && `${Math.round(gpu.power_w)} W`,
              gpu.processes && t("overview.processes", { count: gpu.processes.length }),
            ]
              .filter(Boolean)
              .join(" · ")}
          </Dim>
        </Group>
      </Card>
    );
  });
}

function Card({ title, value, children }: { title: string; value: string; children?: ReactNode }) {
  return (
    <section className="card" aria-label={title}>
      <Text size="sm" c="dimmed" fw={550} truncate>
        {title}
      </Text>
      <Text component="div" className="figure" mb={6}>
        {value}
      </Text>
      {children}
    </section>
  );
}
