// The hosts that train: what runs there, who has leased room on their cards; taken out of the work and back in.
import { Badge, Button, Group, Menu, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { HostFacts } from "../../api/rest.gen";
import { useSession } from "../../api/session";
import { send } from "../../api/typed";
import type { SystemStatus } from "../../api/types";
import { asString } from "../../live/frames";
import { useReadings } from "../../live/store";
import { moment, size } from "../../parts/format";
import { Dim, Section, Trouble } from "../../parts/parts";

/** What moves on without an event, told every two seconds by the socket. */
type Now = Pick<HostFacts, "trainings" | "leases">;

export function Hosts({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const [fresh, setFresh] = useState<Record<string, Now>>({});
  useReadings("system", ({ data }) => {
    const worker = asString(data["worker"]);
    const { trainings, leases } = data as Now;
    if (worker) setFresh((now) => ({ ...now, [worker]: { trainings, leases } }));
  });
  const hosts = (status?.hosts ?? []).map((host) => ({ ...host, ...fresh[host.worker ?? ""] }));
  return (
    <Section title={t("overview.hosts")} testId="hosts">
      {hosts.length === 0 ? (
        <Dim>{t(status ? "overview.noHosts" : "app.loading")}</Dim>
      ) : (
        <Stack component="ul" className="plain" gap="sm">
          {hosts.map((host) => (
            <Host key={`${host.host} ${host.worker}`} host={host} />
          ))}
        </Stack>
      )}
    </Section>
  );
}

function Host({ host }: { host: HostFacts }) {
  const { t } = useTranslation();
  const session = useSession();
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (running: "hand_over" | "finish" | null) =>
      running === null
        ? send("POST /training/undrain/{host}", { path: { host: host.host }, body: undefined })
        : send("POST /training/drain/{host}", { path: { host: host.host }, body: { running } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["status"] }),
  });
  const admin = session.data?.scope === "admin";
  const running = host.trainings ?? [];
  return (
    <li data-testid="host" data-drained={host.drain_state ?? "no"}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {host.host}{" "}
          {host.drain_state ? (
            <Badge color="orange" variant="light" tt="none" title={moment(host.drained_since)}>
              {t(`overview.state.${host.drain_state}`)}
            </Badge>
          ) : (
            <Text span size="sm" c="dimmed">
              {t("overview.slots", { used: running.length, count: host.slots ?? 1 })}
              {host.pool && host.pool !== "default" && ` · ${host.pool}`}
            </Text>
          )}
        </Text>
        {admin && (host.drained ? (
          <Button size="compact-sm" variant="default" loading={act.isPending} onClick={() => act.mutate(null)} data-testid="undrain">
            {t("overview.undrain")}
          </Button>
        ) : (
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <Button size="compact-sm" variant="default" loading={act.isPending} data-testid="drain">
                {t("overview.drain")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {(["hand_over", "finish"] as const).map((how) => (
                <Menu.Item key={how} onClick={() => act.mutate(how)} data-testid={`drain-${how}`}>
                  {t(`overview.how.${how}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        ))}
      </Group>
      {running.length > 0 && (
        <Text size="sm">
          {t("overview.trains")}{" "}
          {running.map((id) => (
            <Link key={id} className="row-link mono" to={`/trainings/${id}`}>
              {id.slice(0, 8)}{" "}
            </Link>
          ))}
        </Text>
      )}
      {(host.leases ?? []).map((lease) => (
        <Dim key={`${lease.holder} ${lease.device}`}>
          {t("overview.lease", { holder: lease.holder, device: lease.device, size: size(lease.need_bytes) })}
        </Dim>
      ))}
      {act.isError && <Trouble error={act.error} />}
    </li>
  );
}
