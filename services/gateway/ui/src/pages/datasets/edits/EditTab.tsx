// Edits of a dataset: classes, splits, images; steps are collected, previewed together and make one version.
import { Button, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Step, start } from "../../../api/datasets";
import { Dim, Section } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { EditFlow } from "./EditFlow";
import { stepsOf, textOf } from "./steps";

export function EditTab({ dataset, classes, boxes }: { dataset: string; classes: string[]; boxes: Record<string, number> }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const steps = stepsOf(view.get("steps"));
  const fresh = { preview: null, applied: null, undo: null };
  const setSteps = (next: Step[]) => setView({ steps: next.length > 0 ? JSON.stringify(next) : null, ...fresh }, { replace: true });
  const add = (step: Step) => setSteps([...steps, step]);
  return (
    <Stack gap="md">
      <Section title={t("data.steps")} testId="steps">
        {steps.length === 0 && <Dim>{t("data.noSteps")}</Dim>}
        <Stack component="ol" gap={4} className="steps">
          {steps.map((step, at) => (
            <li key={at}>
              <Group gap="xs" justify="space-between">
                <Text size="sm">{textOf(step, t)}</Text>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  onClick={() => setSteps(steps.filter((_, other) => other !== at))}
                >
                  {t("data.takeAway")}
                </Button>
              </Group>
            </li>
          ))}
        </Stack>
        {steps.length > 0 && (
          <EditFlow
            key={JSON.stringify(steps)}
            begin={(dryRun) => start.edit(dataset, steps, dryRun)}
            label={t("data.preview")}
            applyLabel={t("data.applySteps")}
          />
        )}
      </Section>
      <Classes classes={classes} boxes={boxes} onStep={add} />
      <Splits onStep={add} />
    </Stack>
  );
}

function Classes(props: { classes: string[]; boxes: Record<string, number>; onStep: (step: Step) => void }) {
  const { t } = useTranslation();
  return (
    <Section title={t("data.classes")}>
      <Dim>{t("data.classesHint")}</Dim>
      <Stack component="ul" className="plain changes scroll-x tall" gap={0}>
        {props.classes.map((name) => (
          <ClassRow
            key={name}
            name={name}
            others={props.classes.filter((each) => each !== name)}
            boxes={props.boxes[name]}
            onStep={props.onStep}
          />
        ))}
      </Stack>
    </Section>
  );
}

function ClassRow(props: { name: string; others: string[]; boxes: number | undefined; onStep: (step: Step) => void }) {
  const { t } = useTranslation();
  const [to, setTo] = useState("");
  const { name, others, onStep } = props;
  const rename = () => {
    if (to.trim() && to.trim() !== name) onStep({ op: "rename_class", class: name, to: to.trim() });
    setTo("");
  };
  return (
    <li className="class-row">
      <Text size="sm">
        <b>{name}</b>{" "}
        {props.boxes !== undefined && (
          <Text span size="sm" c="dimmed">
            {t("data.objects", { count: props.boxes })}
          </Text>
        )}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename();
        }}
      >
        <Group gap={4} wrap="nowrap">
          <TextInput
            size="xs"
            w={130}
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
            placeholder={t("data.newName")}
            aria-label={t("data.renameClass", { name })}
          />
          <Button type="submit" size="compact-sm" variant="default" disabled={!to.trim()}>
            {t("data.rename")}
          </Button>
        </Group>
      </form>
      <Select
        size="xs"
        w={150}
        searchable
        data={[...new Set(others)]}
        value={null}
        placeholder={t("data.mergeInto")}
        aria-label={t("data.mergeClass", { name })}
        onChange={(into) => into && onStep({ op: "merge_classes", classes: [name], into })}
      />
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        onClick={() => onStep({ op: "delete_class", class: name })}
        aria-label={t("data.deleteClass", { name })}
      >
        {t("data.delete")}
      </Button>
    </li>
  );
}

function Splits({ onStep }: { onStep: (step: Step) => void }) {
  const { t } = useTranslation();
  const [[train, val], setShares] = useState<[number, number]>([70, 20]);
  const [group, setGroup] = useState(true);
  const test = 100 - train - val;
  return (
    <Section title={t("data.dealTitle")}>
      <Group gap="sm" align="flex-end">
        <NumberInput label="train %" min={1} max={100} w={90} value={train} onChange={(value) => setShares([Number(value), val])} />
        <NumberInput label="val %" min={0} max={100} w={90} value={val} onChange={(value) => setShares([train, Number(value)])} />
        <NumberInput label="test %" w={90} value={test} readOnly error={test < 0} />
        <Checkbox checked={group} onChange={(event) => setGroup(event.currentTarget.checked)} label={t("data.group")} pb={8} />
        <Button
          variant="default"
          disabled={test < 0 || train < 1}
          onClick={() =>
            onStep({ op: "split", train_ratio: train / 100, val_ratio: val / 100, test_ratio: test / 100, group })
          }
        >
          {t("data.addStep")}
        </Button>
      </Group>
    </Section>
  );
}
