// One model: how good it is, where it comes from, what was found on it; download, judge, train on, delete.
import "./models.css";
import { Alert, Anchor, Badge, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useModels } from "../../api/queries";
import type { ModelEntry } from "../../api/types";
import { ArrowIcon, CompareIcon } from "../../app/icons";
import { baseName, share, size } from "../../parts/format";
import { Dim, PageHead, Trouble } from "../../parts/parts";
import { Delete } from "./Delete";
import { Facts } from "./Facts";
import { Judge } from "./Judge";
import { Judgements } from "./Judgements";
import { Lineage } from "./Lineage";

export function Model() {
  const { t } = useTranslation();
  const name = useParams()["*"] ?? "";
  const models = useModels();
  const model = models.data?.find((each) => each.name === name);
  return (
    <Stack gap="md" data-testid="model">
      <Anchor component={Link} to="/models" size="sm" w="fit-content">
        <Group gap={4}>
          <ArrowIcon size={14} /> {t("models.title")}
        </Group>
      </Anchor>
      {models.isError && <Trouble error={models.error} onRetry={() => void models.refetch()} />}
      {models.isPending && <Dim>{t("app.loading")}</Dim>}
      {models.data && !model && <Alert title={t("models.notFound", { name })}>{t("models.notFoundHint")}</Alert>}
      {model && <Shown key={model.name} model={model} models={models.data ?? []} />}
    </Stack>
  );
}

function Shown({ model, models }: { model: ModelEntry; models: ModelEntry[] }) {
  const { t } = useTranslation();
  return (
    <>
      <PageHead
        title={
          <>
            {model.project && (
              <Text span inherit c="dimmed" fw={500}>
                {model.project} /{" "}
              </Text>
            )}
            {model.project ? baseName(model.name) : model.name}
          </>
        }
      >
        <Badge variant="light" tt="none" color={model.kind === "run" ? "blue" : "gray"}>
          {t(`models.kind.${model.kind}`)}
        </Badge>
      </PageHead>
      <Group gap="xs">
        <Button component="a" href={model.url} download size="xs" data-testid="download-model">
          {t("models.download", { size: size(model.size) })}
        </Button>
        <Button
          component={Link}
          to={`/trainings/new?mode=transfer&base_model_path=${encodeURIComponent(model.name)}`}
          size="xs"
          variant="default"
        >
          {t("models.trainOn")}
        </Button>
        {model.training_id && (
          <>
            <Button component={Link} to={`/trainings/${model.training_id}`} size="xs" variant="default" data-testid="open-run">
              {t("models.openRun")}
            </Button>
            <Button
              component={Link}
              to={`/compare?runs=${model.training_id}`}
              size="xs"
              variant="default"
              leftSection={<CompareIcon size={14} />}
            >
              {t("run.compare")}
            </Button>
          </>
        )}
        {model.kind !== "base" && <Delete model={model} />}
      </Group>
      {Object.keys(model.metrics).length > 0 && (
        <div>
          <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
            {["map50", "map50_95", "precision", "recall"].map((metric) => (
              <section key={metric} className="card" aria-label={t(`metric.${metric}`)}>
                <Dim>{t(`metric.${metric}`)}</Dim>
                <Text component="div" className="figure">
                  {share(model.metrics[metric])}
                </Text>
              </section>
            ))}
          </SimpleGrid>
          <Text size="xs" c="dimmed" mt={4}>
            {t(model.kind === "run" ? "models.ofTraining" : "models.ofCard")}
          </Text>
        </div>
      )}
      <Lineage model={model} models={models} />
      <Judge model={model} />
      <Judgements name={model.name} />
      <Facts model={model} />
    </>
  );
}
