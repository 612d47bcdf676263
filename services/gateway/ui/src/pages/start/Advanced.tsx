// Every further argument, in groups, with a search and a count of what was changed.
import { Badge, Button, Collapse, Fieldset, Group, SimpleGrid, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Argument } from "../../api/rest.gen";
import { useArguments } from "../../api/training";
import { Dim, Section, Trouble } from "../../parts/parts";
import { type FormProps, GroupTitle, SelectField, TextField } from "./Field";
import { ADVANCED, GROUPS, changed } from "./fields";

const LABELS: Record<string, [label: string, hint?: string]> = {
  preset: ["form.fit", "form.fitHint"],
  patience: ["form.patience", "form.patienceHint"],
  freeze: ["form.freeze", "form.freezeHint"],
  device: ["form.device", "form.deviceHint"],
  nnodes: ["form.hosts", "form.hostsHint"],
  rdzv_endpoint: ["form.meeting", "form.meetingHint"],
  workers: ["form.workers"],
  cache: ["form.cache", "form.cacheHint"],
  amp: ["form.amp"],
  gpu_load_rate: ["form.load", "form.loadHint"],
  save_period: ["form.savePeriod"],
  sample_period: ["form.samples", "form.samplesHint"],
  seed: ["form.seed"],
  auto_validate: ["form.autoValidate"],
  tags: ["form.tags", "form.tagsHint"],
};
const TRUTHS = new Set(["amp", "auto_validate"]);

interface AdvancedProps extends FormProps {
  forget: (names: string[]) => void;
}

export function Advanced({ forget, ...form }: AdvancedProps) {
  const { t } = useTranslation();
  const given = Object.keys(form.fields).filter((name) => name.includes(".") && form.fields[name] !== "");
  const touched = [...ADVANCED.filter((name) => changed(form.fields, name)), ...given];
  const wrong = [...ADVANCED, ...GROUPS].some((name) => form.errors[name]);
  const [opened, { toggle }] = useDisclosure(false);
  const shown = opened || wrong;
  return (
    <Section>
      <Group justify="space-between" wrap="nowrap">
        <UnstyledButton onClick={toggle} aria-expanded={shown} data-testid="advanced" type="button">
          <Text size="sm" fw={600} span>
            {shown ? "▾" : "▸"} {t("form.advanced")}
          </Text>{" "}
          {touched.length > 0 && (
            <Badge size="sm" variant="light" tt="none" data-testid="advanced-changed">
              {t("form.changedCount", { count: touched.length })}
            </Badge>
          )}
        </UnstyledButton>
        {touched.length > 0 && (
          <Button size="compact-xs" variant="subtle" onClick={() => forget(touched)} data-testid="reset">
            {t("form.resetAll")}
          </Button>
        )}
      </Group>
      <Collapse expanded={shown}>{shown && <Arguments {...form} />}</Collapse>
    </Section>
  );
}

function Arguments(form: FormProps) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const listed = useArguments();
  const fits = (...texts: string[]) => texts.some((text) => text.toLowerCase().includes(search.trim().toLowerCase()));
  const own = ADVANCED.filter((name) => fits(name, t(LABELS[name]?.[0] ?? name)));
  return (
    <Fieldset variant="unstyled" mt="sm">
      <TextInput
        size="xs"
        placeholder={t("form.search")}
        aria-label={t("form.search")}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        data-testid="argument-search"
      />
      {own.length > 0 && <GroupTitle>{t("form.groupRun")}</GroupTitle>}
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        {own.map((name) => (
          <Own key={name} name={name} {...form} />
        ))}
      </SimpleGrid>
      {listed.isError && <Trouble error={listed.error} title={t("form.noArguments")} onRetry={() => void listed.refetch()} />}
      {GROUPS.map((group) => {
        const found = (listed.data?.[group] ?? []).filter((each) => fits(each.name, t(`args.${each.name}`, { defaultValue: "" })));
        return (
          found.length > 0 && (
            <div key={group}>
              <GroupTitle>{t(group === "extra" ? "form.groupExtra" : "form.groupAugment")}</GroupTitle>
              {form.errors[group] && <Dim>{form.errors[group]}</Dim>}
              <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm">
                {found.map((each) => (
                  <Further key={each.name} group={group} argument={each} {...form} />
                ))}
              </SimpleGrid>
            </div>
          )
        );
      })}
    </Fieldset>
  );
}

function Own({ name, ...form }: FormProps & { name: string }) {
  const { t } = useTranslation();
  const [label, hint] = LABELS[name] ?? [name];
  const shared = { name, label: t(label), hint: hint && t(hint), ...form };
  if (TRUTHS.has(name)) return <SelectField data={truths(t)} {...shared} />;
  if (name === "preset") return <SelectField data={["auto", "stock"]} {...shared} />;
  if (name === "cache") return <SelectField data={["false", "ram", "disk"]} {...shared} />;
  return <TextField {...shared} />;
}

function Further({ group, argument, ...form }: FormProps & { group: string; argument: Argument }) {
  const { t } = useTranslation();
  const usual = argument.fitted ? t("form.fitted") : String(argument.default);
  const shared = {
    name: `${group}.${argument.name}`,
    label: argument.name,
    hint: t(`args.${argument.name}`, { defaultValue: "" }),
    placeholder: usual,
    ...form,
  };
  if (argument.kind !== "bool") return <TextField inputMode="decimal" {...shared} />;
  return <SelectField data={[{ value: "", label: usual }, ...truths(t)]} {...shared} />;
}

function truths(t: ReturnType<typeof useTranslation>["t"]) {
  return [
    { value: "true", label: t("form.yes") },
    { value: "false", label: t("form.no") },
  ];
}
