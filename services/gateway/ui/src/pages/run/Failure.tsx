// Why a run failed: the cause, what to do about it, and the log around it.
import { Alert, Anchor, Box, Code, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { again } from "./Settings";
import type { RunState } from "./merge";

const AROUND = 14;
const CAUSE = /error|exception|traceback|out of memory|nan|killed|no space|cannot/i;

export function Failure({ run }: { run: RunState }) {
  const { t, i18n } = useTranslation();
  const { failure } = run;
  if (!failure) return null;
  const known = failure.code && i18n.exists(`trouble.${failure.code}`);
  const { lines, at } = around(failure.console);
  return (
    <Alert color="red" title={t("run.failed")} role="alert" data-testid="failure">
      <Text size="sm" fw={600} data-testid="failure-cause">
        {known ? t(`trouble.${failure.code}.cause`) : failure.message}
      </Text>
      {known && (
        <Text size="sm" mt={4} data-testid="failure-advice">
          {t(`trouble.${failure.code}.todo`)}
        </Text>
      )}
      {known && (
        <Text size="xs" c="dimmed" mt={4}>
          {failure.message}
        </Text>
      )}
      <Group gap="md" mt={6}>
        <Anchor component={Link} size="sm" to={`/trainings/new?${again(run)}`}>
          {t("run.changeAndRetry")}
        </Anchor>
        <Anchor component={Link} size="sm" to={`/datasets?path=${encodeURIComponent(run.dataset)}`}>
          {t("run.checkData")}
        </Anchor>
        <Anchor component={Link} size="sm" to="?tab=console">
          {t("run.wholeConsole")}
        </Anchor>
        {failure.code && (
          <Text size="xs" className="mono" c="dimmed">
            {failure.code}
          </Text>
        )}
      </Group>
      {lines.length > 0 && (
        <Box mt="xs">
          <Text size="xs" c="dimmed">
            {t("run.failedConsole")}
          </Text>
          <Code block mah={260} style={{ overflow: "auto" }} tabIndex={0} data-testid="failure-log">
            {lines.map((line, n) => (
              <div key={n} className={n === at ? "cause" : undefined}>
                {line || " "}
              </div>
            ))}
          </Code>
        </Box>
      )}
    </Alert>
  );
}

/** The lines around the last one that tells of an error; the last lines where none does. */
export function around(console: readonly string[]): { lines: string[]; at: number } {
  const found = console.findLastIndex((line) => CAUSE.test(line));
  const middle = found < 0 ? console.length - 1 : found;
  const first = Math.max(0, Math.min(middle - AROUND + 4, console.length - AROUND));
  return { lines: console.slice(first, first + AROUND), at: found < 0 ? -1 : found - first };
}
