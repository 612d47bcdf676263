// What was found when this model was judged, the newest first.
import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useValidations } from "../../api/models";
import { baseName, moment, share } from "../../parts/format";
import { Dim, Section, StatusBadge } from "../../parts/parts";

const SHOWN = ["map50", "map50_95", "precision", "recall"];

export function Judgements({ name }: { name: string }) {
  const { t } = useTranslation();
  const all = useValidations();
  const rows = (all.data ?? []).filter((each) => each.model_path === name);
  return (
    <Section title={t("models.judgements")} testId="judgements">
      {rows.length === 0 ? (
        <Dim>{all.isPending ? t("app.loading") : t("models.notJudged")}</Dim>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={t("models.judgements")}>
          <Table verticalSpacing={6} miw={560}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("evals.when")}</Table.Th>
                <Table.Th>{t("evals.dataset")}</Table.Th>
                {SHOWN.map((metric) => (
                  <Table.Th key={metric} ta="right">
                    {t(`metric.${metric}`)}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.validation_id}>
                  <Table.Td style={{ whiteSpace: "nowrap" }}>
                    <Link className="row-link" to={`/evaluations/${row.validation_id}`}>
                      {moment(row.created_at)}
                    </Link>{" "}
                    {row.status !== "completed" && <StatusBadge status={row.status} />}
                  </Table.Td>
                  <Table.Td title={row.test_dataset_path ?? ""}>{baseName(row.test_dataset_path ?? "—")}</Table.Td>
                  {SHOWN.map((metric) => (
                    <Table.Td key={metric} ta="right">
                      {share(row.metrics[metric])}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Section>
  );
}
