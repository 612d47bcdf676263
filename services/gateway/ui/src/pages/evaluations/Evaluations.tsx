// All judged models, newest first, with their headline numbers as the facts carry them.
import { Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { asNumbers, asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJobs } from "../../live/store";
import { baseName, moment, share } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge } from "../../parts/parts";
import { Judge } from "./Judge";

const SHOWN = ["map50", "map50_95", "precision", "recall"];

export function Evaluations() {
  const { t } = useTranslation();
  const jobs = Object.values(useJobs())
    .filter((job) => job.area === "analysis" && viewOf(job).request?.data["operation"] === "validate")
    .sort((a, b) => b.lastSeq - a.lastSeq);
  return (
    <Stack gap="md">
      <PageHead title={t("evals.title")} />
      <Judge />
      <Section testId="evaluations">
        {jobs.length === 0 ? (
          <Dim>{t("evals.empty")}</Dim>
        ) : (
          <div className="scroll-x">
            <Table verticalSpacing="xs" highlightOnHover miw={680}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("evals.model")}</Table.Th>
                  <Table.Th>{t("evals.dataset")}</Table.Th>
                  <Table.Th>{t("runs.status")}</Table.Th>
                  {SHOWN.map((name) => (
                    <Table.Th key={name} ta="right">
                      {t(`metric.${name}`)}
                    </Table.Th>
                  ))}
                  <Table.Th>{t("evals.when")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {jobs.map((job) => {
                  const view = viewOf(job);
                  const metrics = asNumbers(view.outcome?.data["metrics"]);
                  const dataset = asString(asObject(view.request?.data["dataset"])["name"]) ?? "";
                  return (
                    <Table.Tr key={job.id}>
                      <Table.Td>
                        <Link className="row-link" to={`/evaluations/${job.id}`}>
                          {asString(asObject(view.request?.data["model"])["name"]) ?? job.id}
                        </Link>
                      </Table.Td>
                      <Table.Td title={dataset}>{baseName(dataset)}</Table.Td>
                      <Table.Td>
                        <StatusBadge status={view.status} />
                      </Table.Td>
                      {SHOWN.map((name) => (
                        <Table.Td key={name} ta="right">
                          {share(metrics[name])}
                        </Table.Td>
                      ))}
                      <Table.Td>
                        <Text size="sm" style={{ whiteSpace: "nowrap" }}>
                          {moment(view.request?.time)}
                        </Text>
                      </Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Section>
    </Stack>
  );
}
