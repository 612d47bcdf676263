// Starting a training: the form, the same call for a terminal, and the gateway's objections beside their fields.
import { Alert, Button, Code, Grid, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { ApiError, curlLine, post } from "../../api/client";
import { useModels } from "../../api/queries";
import type { TrainingStarted } from "../../api/types";
import { Copy, Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { Advanced, Basics, Source } from "./Inputs";
import { type Fields, fromQuery, toBody } from "./fields";

export function Start() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const models = useModels();
  const [typed, setTyped] = useState<Fields>(() => fromQuery(query));
  const [missing, setMissing] = useState<Record<string, string>>({});
  const shipped = models.data?.find((model) => model.name.startsWith("shirushi-"))?.name ?? "";
  const untouched = typed["mode"] === "transfer" && typed["base_model_path"] === "" && !query.has("base_model_path");
  const fields = untouched ? { ...typed, base_model_path: shipped } : typed;
  const body = toBody(fields);
  const start = useMutation({
    mutationFn: () => post<TrainingStarted>("/training/start", body, { "Idempotency-Key": newKey() }),
    onSuccess: ({ training_id }) => navigate(`/trainings/${training_id}`),
  });
  const refused = start.error instanceof ApiError ? start.error : null;
  const errors = { ...refused?.fields, ...missing };

  const change = (name: string, value: string) => {
    setTyped((before) => ({ ...before, [name]: value }));
    setMissing({});
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const open: Record<string, string> = {};
    if (!body.dataset_path) open["dataset_path"] = t("form.required");
    if (body.mode !== "full" && !body.base_model_path) open["base_model_path"] = t("form.requiredBase");
    setMissing(open);
    if (Object.keys(open).length === 0) start.mutate();
  };
  const curl = curlLine(window.location.origin, "/training/start", body);
  return (
    <form onSubmit={submit} noValidate data-testid="start-form">
      <PageHead title={t("form.title")} />
      <Grid gap="md" mt="xs">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Dim>{t("form.intro")}</Dim>
            <Source fields={fields} errors={errors} change={change} models={models.data ?? []} />
            <Basics fields={fields} errors={errors} change={change} />
            <Advanced fields={fields} errors={errors} change={change} />
            {refused && (
              <Alert color="red" title={t("form.refused")} role="alert" data-testid="refused">
                {refused.message}
              </Alert>
            )}
            {start.isError && !refused && <Trouble error={start.error} />}
            <Group>
              <Button type="submit" loading={start.isPending} data-testid="start">
                {t("form.start")}
              </Button>
            </Group>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Section title={t("form.curl")} aside={<Copy value={curl} />}>
            <Code block data-testid="curl" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {curl}
            </Code>
          </Section>
        </Grid.Col>
      </Grid>
    </form>
  );
}

/** One key per press of the button: a repeated delivery of the same press starts nothing twice. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
