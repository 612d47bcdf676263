// Cards of GPU, CPU, memory and disk: the last minutes by REST, then by the telemetry of the socket.
import { Progress } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { GpuDevice, SystemStatus } from "../../api/types";
import type { HostLive, HostSample } from "../../live/state";
import { useHosts } from "../../live/store";
import { percent, size } from "../../parts/format";
import { Dim, Sparkline } from "../../parts/parts";
import { Card } from "./Card";
import { Gpu } from "./Gpu";
import { useEarlier } from "./earlier";

export function Machine({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const hosts = Object.values(useHosts()).sort((a, b) => a.host.localeCompare(b.host));
  const earlier = useEarlier();
  const several = hosts.length > 1;
  const name = (host: HostLive) => (several ? ` · ${host.host}` : "");
  const line = (host: HostLive, pick: (sample: HostSample) => number) => [
    ...(earlier[host.host] ?? []).map(pick),
    ...host.samples.map(pick),
  ];
  if (hosts.length === 0) return <Unheard status={status} />;
  const gpus = hosts.flatMap((host) => devices(host).map((gpu) => ({ host, gpu })));
  return (
    <>
      {gpus.length === 0 && <NoGpu known={status !== undefined} />}
      {gpus.map(({ host, gpu }) => (
        <Gpu
          key={gpu.uuid}
          gpu={gpu}
          host={several ? host.host : null}
          history={line(host, (sample) => Number(sample.gpus.find((each) => each["uuid"] === gpu.uuid)?.["utilization_percent"] ?? 0))}
        />
      ))}
      {hosts.map((host) => (
        <Card key={host.host} title={t("overview.cpu") + name(host)} value={percent(host.samples.at(-1)?.cpu)} testId="cpu">
          <Sparkline values={line(host, (sample) => sample.cpu)} label={t("overview.cpu")} />
        </Card>
      ))}
      {hosts.map((host) => (
        <Card key={host.host} title={t("overview.memory") + name(host)} value={percent(host.samples.at(-1)?.memory)} testId="memory">
          <Sparkline values={line(host, (sample) => sample.memory)} label={t("overview.memory")} />
        </Card>
      ))}
      {hosts.map((host) => (
        <Disk key={host.host} title={t("overview.disk") + name(host)} sample={host.samples.at(-1)} values={line(host, (sample) => sample.disk)} />
      ))}
    </>
  );
}

function devices(host: HostLive): GpuDevice[] {
  return (host.samples.at(-1)?.gpus ?? []) as unknown as GpuDevice[];
}

function Disk({ title, sample, values }: { title: string; sample: HostSample | undefined; values: number[] }) {
  const { t } = useTranslation();
  return (
    <Card title={title} value={percent(sample?.disk)} testId="disk">
      <Sparkline values={values} label={t("overview.disk")} />
      {sample && sample.diskTotal > 0 && (
        <Dim>{t("overview.diskFree", { free: size(sample.diskFree), total: size(sample.diskTotal) })}</Dim>
      )}
    </Card>
  );
}

function NoGpu({ known }: { known: boolean }) {
  const { t } = useTranslation();
  return (
    <Card title={t("overview.gpu")} value={known ? t("overview.noGpu") : "—"} testId="gpu">
      {known && <Dim>{t("overview.noGpuHint")}</Dim>}
    </Card>
  );
}

/** No trainer tells of its host (yet): the gateway's own reading. */
function Unheard({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const disk = status?.disk_usage;
  return (
    <>
      <NoGpu known={false} />
      <Card title={t("overview.cpu")} value={percent(status?.cpu_usage)} />
      <Card title={t("overview.memory")} value={percent(status?.memory_usage)} />
      <Card title={t("overview.disk")} value={percent(disk?.percent)}>
        {disk && <Progress value={disk.percent} color={disk.percent > 90 ? "red" : undefined} aria-label={t("overview.disk")} />}
      </Card>
    </>
  );
}
