// What is known of a model's file and of the settings it was trained with.
import { Badge, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ModelEntry } from "../../api/types";
import { moment, size } from "../../parts/format";
import { Copy, Section } from "../../parts/parts";

export function Facts({ model }: { model: ModelEntry }) {
  const { t } = useTranslation();
  const settings = Object.entries(model.config).filter(([, value]) => value !== null && JSON.stringify(value) !== "{}");
  return (
    <Section title={t("models.facts")}>
      <Stack gap="sm">
        <Group gap={4} wrap="nowrap">
          <Label>{t("models.path")}</Label>
          <Text size="sm" className="mono">
            {model.path}
          </Text>
          <Copy value={model.path} />
        </Group>
        {model.sha256 && (
          <Group gap={4} wrap="nowrap">
            <Label>SHA-256</Label>
            <Text size="sm" className="mono" truncate title={model.sha256}>
              {model.sha256}
            </Text>
            <Copy value={model.sha256} />
          </Group>
        )}
        <Text size="sm">
          <Text span inherit c="dimmed">
            {t("models.size")}
          </Text>{" "}
          {size(model.size)}
          {model.created_at && (
            <>
              {" · "}
              <Text span inherit c="dimmed">
                {t("models.created")}
              </Text>{" "}
              {moment(model.created_at)}
            </>
          )}
        </Text>
        {model.classes && (
          <details>
            <summary>{t("models.classes", { count: model.classes.length })}</summary>
            <Group gap={4} mt={6}>
              {model.classes.map((name) => (
                <Badge key={name} variant="default" tt="none" fw={500}>
                  {name}
                </Badge>
              ))}
            </Group>
          </details>
        )}
        {settings.length > 0 && (
          <details>
            <summary>{t("run.settings")}</summary>
            <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="xs" verticalSpacing={4} mt={6}>
              {settings.map(([name, value]) => (
                <Text key={name} size="sm" className="mono">
                  <Text span inherit c="dimmed">
                    {name}
                  </Text>{" "}
                  {typeof value === "object" ? JSON.stringify(value) : String(value)}
                </Text>
              ))}
            </SimpleGrid>
          </details>
        )}
      </Stack>
    </Section>
  );
}

function Label({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed" style={{ flex: "none" }}>
      {children}
    </Text>
  );
}
