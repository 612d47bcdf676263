// Where a model comes from and what came of it: weights it began from, data it learned, models that began from it.
import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { modelPage } from "../../api/models";
import type { ModelEntry } from "../../api/types";
import { baseName } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";
import { ancestors, children } from "./order";

export function Lineage({ model, models }: { model: ModelEntry; models: ModelEntry[] }) {
  const { t } = useTranslation();
  const before = ancestors(models, model).reverse();
  const after = children(models, model);
  const lost = model.base_model && !models.some((each) => each.name === model.base_model) ? model.base_model : null;
  const scratch = model.kind === "run" && before.length === 0 && !lost;
  return (
    <Section title={t("models.lineage")} testId="lineage">
      <Stack gap="sm">
        <ol className="lineage">
          {scratch && <Box label={t("models.scratch")}>{String(model.config["model_architecture"] ?? "")}</Box>}
          {lost && <Box label={t("models.base")}>{lost}</Box>}
          {before.map((each) => (
            <Box key={each.name} label={t("models.base")}>
              <Name model={each} />
            </Box>
          ))}
          {model.dataset && (
            <Box label={t("models.learned")}>
              <Dataset name={model.dataset} version={model.dataset_version ?? null} />
            </Box>
          )}
          <Box label={t("models.this")} here>
            {baseName(model.name)}
          </Box>
        </ol>
        {after.length > 0 && (
          <div>
            <Dim>{t("models.children", { count: after.length })}</Dim>
            <ul className="plain">
              {after.map((each) => (
                <li key={each.name}>
                  <Name model={each} />
                </li>
              ))}
            </ul>
          </div>
        )}
      </Stack>
    </Section>
  );
}

function Box({ label, here, children }: { label: string; here?: boolean; children: ReactNode }) {
  return (
    <li>
      <div className="lineage-box" data-here={here || undefined}>
        <Text size="xs" c="dimmed">
          {label}
        </Text>
        {children}
      </div>
    </li>
  );
}

function Name({ model }: { model: ModelEntry }) {
  return (
    <Link className="row-link" to={modelPage(model.name)}>
      {model.name}
    </Link>
  );
}

/** A registered dataset has a page at its version; a folder is only named. */
function Dataset({ name, version }: { name: string; version: string | null }) {
  if (version === null) return <span title={name}>{baseName(name)}</span>;
  return (
    <Link className="row-link" to={`/datasets/${encodeURIComponent(name)}?version=${version}`}>
      {name} {version}
    </Link>
  );
}
