// How the runs were made: settings that differ, their datasets, time and memory.
import { Anchor, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ask } from "../../api/typed";
import type { HistoryRow, TrainingStatus } from "../../api/types";
import { duration, size } from "../../parts/format";
import { Dim, Section, Wide } from "../../parts/parts";
import { type UsedDataset, costOf, datasetOf, settingsThatDiffer } from "./rows";

interface RunsProps {
  runs: TrainingStatus[];
  names: string[];
}

function SideTable({ names, rows, label, testId }: { names: string[]; rows: [name: string, values: string[]][]; label: string; testId: string }) {
  return (
    <Wide label={label}>
      <Table verticalSpacing={4} data-testid={testId}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            {names.map((name, at) => (
              <Table.Th key={`${name}${at}`}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([name, values]) => (
            <Table.Tr key={name}>
              <Table.Td className="mono">
                <Text size="xs" span c="dimmed">
                  {name}
                </Text>
              </Table.Td>
              {values.map((value, at) => (
                <Table.Td key={at}>{value}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

export function SettingsDiff({ runs, names }: RunsProps) {
  const { t } = useTranslation();
  const rows = settingsThatDiffer(runs);
  return (
    <Section title={t("compare.settings")}>
      {rows.length === 0 ? <Dim>{t("compare.sameSettings")}</Dim> : <SideTable names={names} rows={rows.map(({ name, values }) => [name, values])} label={t("compare.settings")} testId="settings-diff" />}
    </Section>
  );
}

export function Costs({ runs, names, histories }: RunsProps & { histories: HistoryRow[][] }) {
  const { t } = useTranslation();
  const costs = runs.map((run, at) => costOf(run, histories[at] ?? []));
  const rows: [string, string[]][] = [
    [t("compare.epochs"), costs.map((cost) => String(cost.epochs))],
    [t("compare.bestEpoch"), costs.map((cost) => String(cost.bestEpoch ?? "—"))],
    [t("compare.time"), costs.map((cost) => (cost.seconds === null ? "—" : duration(cost.seconds)))],
    [t("compare.epochTime"), costs.map((cost) => (cost.epochSeconds === null ? "—" : `${cost.epochSeconds.toFixed(1)} s`))],
    [t("compare.gpuPeak"), costs.map((cost) => size(cost.gpuBytes))],
    [t("run.device"), costs.map((cost) => cost.device)],
  ];
  return (
    <Section title={t("compare.costs")}>
      <SideTable names={names} rows={rows} label={t("compare.costs")} testId="costs" />
    </Section>
  );
}

export function DatasetDiff({ runs, names }: RunsProps) {
  const { t } = useTranslation();
  const used = runs.map(datasetOf);
  const [base] = used;
  return (
    <Section title={t("compare.datasets")} testId="dataset-diff">
      <Stack gap={6}>
        {base && <Text size="sm">{`${names[0]}: ${named(base)}`}</Text>}
        {used.slice(1).map((other, at) => base && <OneDataset key={names[at + 1]} base={base} other={other} name={names[at + 1] ?? ""} />)}
      </Stack>
    </Section>
  );
}

function named({ name, version }: UsedDataset): string {
  return version ? `${name}@${version}` : name;
}

function OneDataset({ base, other, name }: { base: UsedDataset; other: UsedDataset; name: string }) {
  const { t } = useTranslation();
  const versions = base.name === other.name && base.version !== null && other.version !== null && base.version !== other.version;
  const diff = useQuery({
    queryKey: ["dataset-diff", base.name, base.version, other.version],
    enabled: versions,
    queryFn: ({ signal }) =>
      ask("GET /datasets/{name}/diff", { path: { name: base.name }, query: { from: base.version ?? "", to: other.version ?? "", limit: 1 } }, signal),
  });
  if (base.name === other.name && base.version === other.version) {
    return <Text size="sm">{t(base.version ? "compare.sameVersion" : "compare.sameFolder", { name })}</Text>;
  }
  const found = diff.data;
  return (
    <div>
      <Text size="sm">{`${name}: ${named(other)}`}</Text>
      {versions ? (
        <>
          {found && (
            <Text size="sm" c="dimmed">
              {t("compare.versions", {
                added: found.images.added,
                removed: found.images.removed,
                pixels: found.images.pixels,
                labels: found.labels.changed,
              })}
            </Text>
          )}
          <Anchor component={Link} size="sm" to={`/datasets/${encodeURIComponent(base.name)}?from=${base.version}&to=${other.version}`}>
            {t("compare.openDiff")}
          </Anchor>
        </>
      ) : (
        <Dim>{t("compare.otherDataset")}</Dim>
      )}
    </div>
  );
}
