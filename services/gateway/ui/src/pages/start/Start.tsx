// Starting a training: form, presets, forecast, the same call for a terminal; the link holds all that was typed.
import { Alert, Button, Code, Grid, Group, SegmentedControl, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { ApiError, curlLine, post } from "../../api/client";
import { useModels } from "../../api/queries";
import type { PresetChoice as Choice } from "../../api/rest.gen";
import { useForecast } from "../../api/training";
import type { TrainingStarted } from "../../api/types";
import { Copy, Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { Advanced } from "./Advanced";
import { Basics } from "./Basics";
import { Outlook } from "./Outlook";
import { Presets } from "./Presets";
import { Source } from "./Source";
import { type Fields, fromQuery, reset, toBody, toQuery } from "./fields";
import { cliLine, pythonLines } from "./lines";

const SETTLE_MS = 350;

export function Start() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query, setQuery] = useSearchParams();
  const models = useModels();
  const [typed, setTyped] = useState<Fields>(() => fromQuery(query));
  const [missing, setMissing] = useState<Record<string, string>>({});
  const shipped = models.data?.find((model) => model.name.startsWith("shirushi-"))?.name ?? "";
  const [based, setBased] = useState(query.has("base_model_path"));
  const untouched = typed["mode"] === "transfer" && typed["base_model_path"] === "" && !based;
  const fields = untouched ? { ...typed, base_model_path: shipped } : typed;
  const body = toBody(fields);
  const [settled] = useDebouncedValue(fields, SETTLE_MS);
  const asked = toBody(settled);
  const forecast = useForecast(asked, Boolean(asked.dataset_path && (asked.mode === "full" || asked.base_model_path)));
  const start = useMutation({
    mutationFn: () => post<TrainingStarted>("/training/start", body, { "Idempotency-Key": newKey() }),
    onSuccess: ({ training_id }) => navigate(`/trainings/${training_id}`),
  });
  const leaving = start.isPending || start.isSuccess;
  useEffect(() => {
    if (leaving) return; // writing the address now would call the way to the run back
    const shown = toQuery(settled, query);
    if (shown.toString() !== query.toString()) setQuery(shown, { replace: true });
  }, [leaving, settled, query, setQuery]);

  const refused = start.error instanceof ApiError ? start.error : null;
  const errors = { ...refused?.fields, ...missing };
  const change = (name: string, value: string) => {
    setTyped((before) => ({ ...before, [name]: value }));
    setMissing({});
    if (name === "base_model_path") setBased(true);
  };
  const take = (choices: Choice[]) =>
    setTyped((before) => ({ ...before, ...Object.fromEntries(choices.map((each) => [each.field, String(each.value)])) }));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const open: Record<string, string> = {};
    if (!body.dataset_path) open["dataset_path"] = t("form.required");
    if (body.mode !== "full" && !body.base_model_path) open["base_model_path"] = t("form.requiredBase");
    setMissing(open);
    if (Object.keys(open).length === 0) start.mutate();
  };
  const form = { fields, errors, change };
  return (
    <form onSubmit={submit} noValidate data-testid="start-form">
      <PageHead title={t("form.title")} />
      <Grid gap="md" mt="xs">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Dim>{t("form.intro")}</Dim>
            <Source {...form} models={models.data ?? []} />
            <Basics {...form} />
            <Advanced {...form} forget={(names) => setTyped((before) => reset(before, names))} />
            {refused && (
              <Alert color="red" title={t("form.refused")} role="alert" data-testid="refused">
                {refused.message}
              </Alert>
            )}
            {start.isError && !refused && <Trouble error={start.error} />}
            <Group className="sticky-foot">
              <Button type="submit" loading={start.isPending} data-testid="start">
                {t("form.start")}
              </Button>
            </Group>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="md">
            <Outlook
              forecast={forecast.data}
              busy={forecast.isFetching}
              error={forecast.error}
              path={fields["dataset_path"] ?? ""}
            />
            <Presets
              fields={fields}
              forecast={forecast.data}
              chosen={query.get("preset")}
              choose={(name) => setQuery((before) => (before.set("preset", name), before), { replace: true })}
              take={take}
            />
            <Terminal body={body} />
          </Stack>
        </Grid.Col>
      </Grid>
    </form>
  );
}

function Terminal({ body }: { body: object }) {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const { origin } = window.location;
  const lines: Record<string, string> = {
    curl: curlLine(origin, "/training/start", body),
    cli: cliLine(origin, body),
    python: pythonLines(origin, body),
  };
  const way = query.get("line") ?? "curl";
  const line = lines[way] ?? "";
  return (
    <Section
      title={t("form.curl")}
      aside={
        <Group gap={4}>
          <SegmentedControl
            size="xs"
            aria-label={t("form.curl")}
            value={way}
            onChange={(value) => setQuery((before) => (before.set("line", value), before), { replace: true })}
            data={[
              { value: "curl", label: "curl" },
              { value: "cli", label: "shirushi" },
              { value: "python", label: "Python" },
            ]}
          />
          <Copy value={line} />
        </Group>
      }
    >
      <Code block data-testid="curl" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {line}
      </Code>
    </Section>
  );
}

/** One key per press of the button: a repeated delivery of the same press starts nothing twice. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
