// Presets: what suits the data and the machine, each value with its reason; taken over by a press, never in silence.
import { Button, Group, SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Forecast, PresetChoice as Choice } from "../../api/rest.gen";
import { Dim, Section } from "../../parts/parts";
import { CheckIcon } from "../../app/icons";
import type { FormProps } from "./Field";

const NAMES = ["auto", "quick", "thorough"] as const;

interface PresetProps {
  fields: FormProps["fields"];
  forecast: Forecast | undefined;
  chosen: string | null;
  choose: (name: string) => void;
  take: (choices: Choice[]) => void;
}

export function Presets({ fields, forecast, chosen, choose, take }: PresetProps) {
  const { t, i18n } = useTranslation();
  const name = NAMES.find((each) => each === chosen) ?? "auto";
  const choices = forecast?.presets[name] ?? [];
  const open = choices.filter((each) => fields[each.field] !== String(each.value));
  return (
    <Section
      title={t("form.presets")}
      testId="presets"
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t("form.presets")}
          value={name}
          onChange={choose}
          data={NAMES.map((value) => ({ value, label: t(`form.preset.${value}`) }))}
        />
      }
    >
      {!forecast ? (
        <Dim>{t("form.presetsLater")}</Dim>
      ) : (
        <Stack gap="xs">
          <Dim>{t(`form.preset.${name}Hint`)}</Dim>
          <Table className="presets" verticalSpacing={3} horizontalSpacing="xs" data-testid="preset">
            <Table.Tbody>
              {choices.map((each) => {
                const taken = fields[each.field] === String(each.value);
                return (
                  <Table.Tr key={each.field}>
                    <Table.Td className="mono" style={{ whiteSpace: "nowrap" }}>
                      <Text size="xs" span c="dimmed">
                        {each.field}
                      </Text>
                    </Table.Td>
                    <Table.Td style={{ whiteSpace: "nowrap" }}>
                      <Text size="sm" span fw={600}>
                        {String(each.value)}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="xs" c="dimmed">
                        {i18n.language === "ja" ? each.why.ja : each.why.en}
                      </Text>
                    </Table.Td>
                    <Table.Td ta="right">
                      {taken ? (
                        <Text span c="teal" role="img" aria-label={t("form.set")}>
                          <CheckIcon size={16} />
                        </Text>
                      ) : (
                        <Button size="compact-xs" variant="subtle" onClick={() => take([each])} aria-label={t("form.setOne", { name: each.field })}>
                          {t("form.setIt")}
                        </Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
          <Group justify="flex-end">
            <Button size="xs" variant="light" disabled={open.length === 0} onClick={() => take(choices)} data-testid="take-preset">
              {open.length === 0 ? t("form.allSet") : t("form.setAll", { count: open.length })}
            </Button>
          </Group>
        </Stack>
      )}
    </Section>
  );
}
