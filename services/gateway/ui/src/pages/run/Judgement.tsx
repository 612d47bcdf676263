// Judging and drawing a finished run's model: asked for here, shown when the fact comes by the socket.
import { Anchor, Button, Group, Loader, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { begin } from "../../api/client";
import { asNumbers, asObject, asString } from "../../live/frames";
import { viewOf } from "../../live/job";
import { useJob } from "../../live/store";
import { Pictures, picturesOf } from "../../parts/Pictures";
import { share } from "../../parts/format";
import { Section, Trouble } from "../../parts/parts";

export function Judgement({ id, dataset }: { id: string; dataset: string }) {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const keep = (name: string) => (job: string) =>
    setQuery((before) => {
      before.set(name, job);
      return before;
    }, { replace: true });
  const validate = useMutation({
    mutationFn: () => begin("/model/validate", { model_path: id, test_dataset_path: dataset, split: "test" }),
    onSuccess: keep("validation"),
  });
  const visualize = useMutation({
    mutationFn: () => begin("/model/visualize", { model_path: id }),
    onSuccess: keep("visualization"),
  });
  return (
    <Section
      title={t("run.results")}
      aside={
        <Group gap="xs">
          <Button size="xs" variant="light" loading={validate.isPending} onClick={() => validate.mutate()} data-testid="validate">
            {t("run.validate")}
          </Button>
          <Button size="xs" variant="light" loading={visualize.isPending} onClick={() => visualize.mutate()} data-testid="visualize">
            {t("run.visualize")}
          </Button>
        </Group>
      }
    >
      <Stack gap="md">
        {validate.isError && <Trouble error={validate.error} />}
        {visualize.isError && <Trouble error={visualize.error} />}
        <Result id={query.get("validation")} waiting={t("run.judging")} testId="validation" link />
        <Result id={query.get("visualization")} waiting={t("run.drawing")} testId="visualization" />
      </Stack>
    </Section>
  );
}

const SHOWN = ["map50", "map50_95", "precision", "recall", "f1_score", "accuracy"];

export function Result(props: { id: string | null; waiting: string; testId: string; link?: boolean }) {
  const { t } = useTranslation();
  const job = useJob(props.id ?? undefined);
  if (!props.id) return null;
  const outcome = job ? viewOf(job).outcome : null;
  if (!outcome) {
    return (
      <Group gap="xs" data-testid={`${props.testId}-waiting`}>
        <Loader size="xs" /> <Text size="sm">{props.waiting}</Text>
      </Group>
    );
  }
  if (!outcome.data["artifacts"]) {
    return <Text c="red">{asString(outcome.data["message"]) ?? t("evals.failed")}</Text>;
  }
  const metrics = asNumbers(outcome.data["metrics"]);
  return (
    <Stack gap="sm" data-testid={`${props.testId}-done`}>
      {Object.keys(metrics).length > 0 && (
        <SimpleGrid cols={{ base: 2, xs: 3, sm: 6 }} spacing="sm">
          {SHOWN.filter((name) => name in metrics).map((name) => (
            <div key={name}>
              <Text size="sm" c="dimmed">
                {t(`metric.${name}`)}
              </Text>
              <Text component="div" className="figure">
                {share(metrics[name])}
              </Text>
            </div>
          ))}
        </SimpleGrid>
      )}
      {props.link && (
        <Anchor component={Link} to={`/evaluations/${props.id}`} size="sm">
          {t("run.openEvaluation")}
        </Anchor>
      )}
      <Pictures pictures={picturesOf(asObject(outcome.data["artifacts"]))} testId={`${props.testId}-pictures`} />
    </Stack>
  );
}
