// What hosts did in the minutes before this page was opened, so that no line begins empty.
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ask } from "../../api/typed";
import type { HostSample } from "../../live/state";

const MINUTES = 3;

export function useEarlier(): Record<string, HostSample[]> {
  const [until] = useState(() => new Date());
  const query = useQuery({
    queryKey: ["host-history", until.getTime()],
    gcTime: 0,
    queryFn: ({ signal }) => {
      const since = new Date(until.getTime() - MINUTES * 60_000);
      return ask("GET /system/history", { query: { since: since.toISOString(), until: until.toISOString() } }, signal);
    },
  });
  return useMemo(
    () =>
      Object.fromEntries(
        (query.data ?? []).map((host) => [
          host.host,
          host.time.map((_, at) => ({
            cpu: host.cpu_percent[at] ?? 0,
            memory: host.memory_percent[at] ?? 0,
            disk: host.disk_percent[at] ?? 0,
            diskFree: 0,
            diskTotal: 0,
            gpus: host.gpus.map((gpu) => ({ uuid: gpu.uuid, utilization_percent: gpu.utilization_percent[at] })),
          })),
        ]),
      ),
    [query.data],
  );
}
