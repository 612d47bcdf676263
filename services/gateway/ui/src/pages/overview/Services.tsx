// The services on the bus and how they are, with the bus and the store themselves.
import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { SystemStatus } from "../../api/types";
import { moment } from "../../parts/format";
import { Section } from "../../parts/parts";

export function Services({ status }: { status: SystemStatus | undefined }) {
  const { t } = useTranslation();
  const ends = [
    { name: t("overview.bus"), state: status?.bus },
    { name: t("overview.store"), state: status?.artifacts },
  ];
  return (
    <Section title={t("overview.services")} testId="services">
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t("overview.services")}>
        <Table verticalSpacing={6} horizontalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("overview.service")}</Table.Th>
              <Table.Th>{t("overview.host")}</Table.Th>
              <Table.Th>{t("overview.since")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(status?.services ?? []).map((service) => (
              <Table.Tr key={service.id}>
                <Table.Td>
                  <Health state={service.status} /> {service.name}
                </Table.Td>
                <Table.Td>{service.host ?? "—"}</Table.Td>
                <Table.Td>{moment(service.started_at)}</Table.Td>
              </Table.Tr>
            ))}
            {ends.map(({ name, state }) => (
              <Table.Tr key={name}>
                <Table.Td>
                  <Health state={state?.status} /> {name}
                </Table.Td>
                <Table.Td>—</Table.Td>
                <Table.Td>{state?.latency_ms == null ? "—" : t("overview.latency", { ms: state.latency_ms.toFixed(1) })}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Section>
  );
}

function Health({ state }: { state: string | undefined }) {
  const color = state === "ok" ? "teal" : state === undefined || state === "unknown" ? "gray" : "red";
  return (
    <Text span title={state} role="img" aria-label={state ?? "unknown"}>
      <span
        className="dot"
        style={{ "--dot": `var(--mantine-color-${color}-6)`, display: "inline-block" } as React.CSSProperties}
      />
    </Text>
  );
}
