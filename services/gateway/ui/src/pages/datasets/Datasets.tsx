// The known datasets with their counts and last check; adding one, or checking one by its path.
import "./datasets.css";
import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { start } from "../../api/datasets";
import { useDatasets } from "../../api/queries";
import type { DatasetFacts, LastCheck } from "../../api/rest.gen";
import { asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJobs } from "../../live/store";
import { count, moment } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import { Add } from "./add/Add";

export function Datasets() {
  const { t } = useTranslation();
  const datasets = useDatasets();
  const rows = datasets.data ?? [];
  return (
    <Stack gap="md">
      <PageHead title={t("data.title")} />
      <Add names={[...new Set(rows.map((each) => each.name))]} />
      {datasets.isError && <Trouble error={datasets.error} onRetry={() => void datasets.refetch()} />}
      <Section testId="datasets">
        {rows.length === 0 ? (
          <Dim>{datasets.isPending ? t("app.loading") : t("data.empty")}</Dim>
        ) : (
          <Stack component="ul" className="plain known" gap={0}>
            {rows.map((row) => (
              <Row key={row.name} row={row} />
            ))}
          </Stack>
        )}
      </Section>
      <Recent />
    </Stack>
  );
}

function Row({ row }: { row: DatasetFacts }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const check = useMutation({
    mutationFn: () => start.check({ dataset_path: row.name }),
    onSuccess: (id) => navigate(`/datasets/checks/${id}`),
  });
  const images = Object.values(row.counts ?? {}).reduce((sum, n) => sum + n, 0);
  const splits = [row.has_train && "train", row.has_val && "val", row.has_test && "test"].filter(Boolean).join(", ");
  return (
    <li data-testid="dataset" data-name={row.name}>
      <div>
        <Link className="row-link" to={`/datasets/${encodeURIComponent(row.name)}`}>
          {row.name}
        </Link>
        {row.version && (
          <Badge ml={6} size="sm" variant="light" color="gray" tt="none">
            {row.version}
          </Badge>
        )}
        <Dim>{row.registered ? splits : t("data.onDisk", { splits })}</Dim>
      </div>
      <Text size="sm">
        {row.counts && t("data.shown", { count: images, n: count(images) })}
        {row.classes && ` · ${t("data.classCount", { count: row.classes.length })}`}
      </Text>
      <LastCheckMark check={row.last_validation} />
      <Group gap="xs" justify="flex-end" wrap="nowrap">
        <Button size="compact-sm" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
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
      {check.isError && <Trouble error={check.error} />}
    </li>
  );
}

export function LastCheckMark({ check }: { check: LastCheck | null }) {
  const { t } = useTranslation();
  if (check === null) return <Dim>{t("data.notChecked")}</Dim>;
  return (
    <Link className="row-link" to={`/datasets/checks/${check.validation_id}`}>
      <Badge color={check.valid ? "teal" : "red"} variant="light" tt="none" miw="max-content">
        {t(check.valid ? "data.valid" : "data.invalid")}
      </Badge>{" "}
      <Text size="xs" c="dimmed" span style={{ whiteSpace: "nowrap" }}>
        {check.version && `${check.version} · `}
        {check.errors > 0 && t("data.errorsFound", { count: check.errors, n: count(check.errors) })}
        {check.errors === 0 && t("data.warningsFound", { count: check.warnings, n: count(check.warnings) })}
      </Text>
    </Link>
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
        {checks.map((job) => {
          const view = viewOf(job);
          const valid = view.outcome?.data["valid"];
          return (
            <Group component="li" key={job.id} justify="space-between" gap="xs">
              <Link className="row-link" to={`/datasets/checks/${job.id}`}>
                {asString(asObject(view.request?.data["dataset"])["name"]) ?? job.id}
              </Link>
              <Group gap="xs">
                <Dim>{moment(view.request?.time)}</Dim>
                {typeof valid === "boolean" ? (
                  <Badge color={valid ? "teal" : "red"} variant="light" tt="none" miw="max-content">
                    {t(valid ? "data.valid" : "data.invalid")}
                  </Badge>
                ) : (
                  <StatusBadge status={view.status} />
                )}
              </Group>
            </Group>
          );
        })}
      </Stack>
    </Section>
  );
}
