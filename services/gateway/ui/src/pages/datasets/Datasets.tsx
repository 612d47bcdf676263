// The known datasets, and checking one: by name, folder or data.yaml.
import { Autocomplete, Badge, Button, Group, SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { begin } from "../../api/client";
import { useDatasets } from "../../api/queries";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import type { JobLive } from "../../live/state";
import { useJobs } from "../../live/store";
import { moment } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";

export function Datasets() {
  const { t } = useTranslation();
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const datasets = useDatasets();
  const [path, setPath] = useState(query.get("path") ?? "");
  const [mode, setMode] = useState("full");
  const check = useMutation({
    mutationFn: (dataset: string) => begin("/dataset/validate", { dataset_path: dataset, mode }),
    onSuccess: (id) => navigate(`/datasets/checks/${id}`),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (path.trim()) check.mutate(path.trim());
  };
  const rows = datasets.data ?? [];
  return (
    <Stack gap="md">
      <PageHead title={t("data.title")} />
      <Section title={t("data.checkTitle")}>
        <form onSubmit={submit}>
          <Group align="flex-end" gap="sm">
            <Autocomplete
              label={t("data.path")}
              description={t("data.checkHint")}
              value={path}
              onChange={setPath}
              data={[...new Set(rows.map((each) => each.name))]}
              style={{ flex: "1 1 18rem" }}
              data-testid="check-path"
            />
            <SegmentedControl
              value={mode}
              onChange={setMode}
              aria-label={t("data.check")}
              data={[
                { value: "full", label: t("data.full") },
                { value: "fast", label: t("data.fast") },
              ]}
            />
            <Button type="submit" loading={check.isPending} disabled={!path.trim()} data-testid="check">
              {t("data.check")}
            </Button>
          </Group>
        </form>
        {check.isError && <Trouble error={check.error} title={t("data.failed")} />}
      </Section>
      {datasets.isError && <Trouble error={datasets.error} />}
      <Section testId="datasets">
        {rows.length === 0 ? (
          <Dim>{datasets.isPending ? t("app.loading") : t("data.empty")}</Dim>
        ) : (
          <div className="scroll-x">
            <Table verticalSpacing="xs" highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("data.name")}</Table.Th>
                  <Table.Th>{t("data.splits")}</Table.Th>
                  <Table.Th />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((row) => (
                  <Table.Tr key={row.name}>
                    <Table.Td>
                      <Text size="sm" fw={600}>
                        {row.name}
                      </Text>
                      <Text size="xs" c="dimmed" className="mono">
                        {row.path}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      {[row.has_train && "train", row.has_val && "val", row.has_test && "test"].filter(Boolean).join(", ")}
                    </Table.Td>
                    <Table.Td>
                      <Group gap="xs" justify="flex-end" wrap="nowrap">
                        <Button size="compact-sm" variant="default" onClick={() => check.mutate(row.name)}>
                          {t("data.check")}
                        </Button>
                        <Button
                          size="compact-sm"
                          variant="light"
                          component={Link}
                          to={`/trainings/new?dataset_path=${encodeURIComponent(row.name)}`}
                        >
                          {t("data.train")}
                        </Button>
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Section>
      <Recent />
    </Stack>
  );
}

function Recent() {
  const { t } = useTranslation();
  const checks = Object.values(useJobs())
    .filter((job) => job.area === "dataset" && viewOf(job).request?.data["operation"] === "validate")
    .sort((a, b) => b.lastSeq - a.lastSeq)
    .slice(0, 10);
  if (checks.length === 0) return null;
  return (
    <Section title={t("data.recent")}>
      <Stack component="ul" className="plain" gap={6}>
        {checks.map((job) => (
          <Group component="li" key={job.id} justify="space-between" gap="xs">
            <Link className="row-link" to={`/datasets/checks/${job.id}`}>
              {asString(asObject(viewOf(job).request?.data["dataset"])["name"]) ?? job.id}
            </Link>
            <Group gap="xs">
              <Dim>{moment(viewOf(job).request?.time)}</Dim>
              <Verdict job={job} />
            </Group>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}

function Verdict({ job }: { job: JobLive }) {
  const { t } = useTranslation();
  const view = viewOf(job);
  const valid = view.outcome?.data["valid"];
  if (typeof valid !== "boolean") return <StatusBadge status={view.status} />;
  return (
    <Badge color={valid ? "teal" : "red"} variant="light" tt="none" miw="max-content">
      {t(valid ? "data.valid" : "data.invalid")}
    </Badge>
  );
}
