// All judged models, newest first, with their headline numbers; asked for again when a fact changes them.
import { Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useValidations } from "../../api/models";
import { baseName, moment, share } from "../../parts/format";
import { Dim, PageHead, Section, StatusBadge, Trouble } from "../../parts/parts";
import { Judge } from "./Judge";

const SHOWN = ["map50", "map50_95", "precision", "recall"];

export function Evaluations() {
  const { t } = useTranslation();
  const validations = useValidations();
  const rows = validations.data ?? [];
  return (
    <Stack gap="md">
      <PageHead title={t("evals.title")} />
      <Judge />
      {validations.isError && <Trouble error={validations.error} onRetry={() => void validations.refetch()} />}
      <Section testId="evaluations">
        {rows.length === 0 ? (
          <Dim>{t(validations.isPending ? "app.loading" : "evals.empty")}</Dim>
        ) : (
          <div className="scroll-x" tabIndex={0} role="region" aria-label={t("evals.title")}>
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
                {rows.map((row) => (
                  <Table.Tr key={row.validation_id}>
                    <Table.Td>
                      <Link className="row-link" to={`/evaluations/${row.validation_id}`}>
                        {row.model_path}
                      </Link>
                    </Table.Td>
                    <Table.Td title={row.test_dataset_path ?? ""}>{baseName(row.test_dataset_path ?? "—")}</Table.Td>
                    <Table.Td>
                      <StatusBadge status={row.status} />
                    </Table.Td>
                    {SHOWN.map((name) => (
                      <Table.Td key={name} ta="right">
                        {share(row.metrics[name])}
                      </Table.Td>
                    ))}
                    <Table.Td>
                      <Text size="sm" style={{ whiteSpace: "nowrap" }}>
                        {moment(row.created_at)}
                      </Text>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Section>
    </Stack>
  );
}
