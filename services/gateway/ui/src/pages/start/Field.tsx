// One input of the form: its label carries a badge when the value is not the contract's default; the badge resets it.
import { Badge, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { DEFAULTS, type Fields, changed } from "./fields";

export interface FormProps {
  fields: Fields;
  errors: Record<string, string>;
  change: (name: string, value: string) => void;
}

export function Label({ name, text, fields, change }: FormProps & { name: string; text: string }) {
  const { t } = useTranslation();
  const touched = changed(fields, name);
  return (
    <Group component="span" display="inline-flex" gap={6} wrap="nowrap">
      <span>{text}</span>
      {touched && (
        <Badge
          component="button"
          type="button"
          size="xs"
          variant="light"
          tt="none"
          style={{ cursor: "pointer" }}
          title={t("form.resetTo", { value: DEFAULTS[name] || t("form.unset") })}
          data-testid={`changed-${name}`}
          onClick={(event) => {
            event.preventDefault();
            change(name, DEFAULTS[name] ?? "");
          }}
        >
          {t("form.changed")}
        </Badge>
      )}
    </Group>
  );
}

interface OneProps extends FormProps {
  name: string;
  label: string;
  hint?: ReactNode;
  placeholder?: string | undefined;
  inputMode?: "numeric" | "decimal" | undefined;
}

export function TextField({ name, label, hint, placeholder, inputMode, ...form }: OneProps) {
  return (
    <TextInput
      label={<Label name={name} text={label} {...form} />}
      aria-label={label}
      description={hint}
      placeholder={placeholder ?? ""}
      inputWrapperOrder={["label", "input", "description", "error"]}
      value={form.fields[name] ?? ""}
      onChange={(event) => form.change(name, event.target.value)}
      error={form.errors[name]}
      {...(inputMode ? { inputMode } : {})}
      data-testid={name}
    />
  );
}

export function SelectField({ name, label, hint, data, ...form }: OneProps & { data: (string | { value: string; label: string })[] }) {
  return (
    <NativeSelect
      label={<Label name={name} text={label} {...form} />}
      aria-label={label}
      description={hint}
      inputWrapperOrder={["label", "input", "description", "error"]}
      value={form.fields[name] ?? ""}
      onChange={(event) => form.change(name, event.target.value)}
      error={form.errors[name]}
      data={data}
      data-testid={name}
    />
  );
}

export function GroupTitle({ children }: { children: ReactNode }) {
  return (
    <Text size="xs" fw={650} c="dimmed" tt="uppercase" lts="0.04em" mt="sm" mb={6}>
      {children}
    </Text>
  );
}
