// Small pieces that every page shares: section, page head, status badge, error, copy button, sparkline.
import { ActionIcon, Alert, Badge, Box, CopyButton, Group, Text, Title, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import type { TrainingStatusName } from "../api/types";
import { CheckIcon, CopyIcon } from "../app/icons";

export function Section(props: { title?: string; aside?: ReactNode; children: ReactNode; testId?: string }) {
  return (
    <Box component="section" className="card" data-testid={props.testId}>
      {props.title !== undefined && (
        <Group justify="space-between" mb="sm" gap="xs">
          <Title order={2}>{props.title}</Title>
          {props.aside}
        </Group>
      )}
      {props.children}
    </Box>
  );
}

/** A table that may be wider than the screen: scrolled by hand or by keys. */
export function Wide({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

export function PageHead({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="center" gap="sm" mih={36}>
      <Title order={1} style={{ overflowWrap: "anywhere" }}>
        {title}
      </Title>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}

export function Dim({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}

const COLORS: Record<TrainingStatusName, string> = {
  queued: "gray",
  initializing: "cyan",
  running: "blue",
  paused: "yellow",
  stopping: "orange",
  completed: "teal",
  failed: "red",
  cancelled: "gray",
};

export function StatusBadge({ status, testId }: { status: TrainingStatusName; testId?: string }) {
  const { t } = useTranslation();
  const moving = status === "running" || status === "initializing" || status === "stopping";
  return (
    <Badge
      color={COLORS[status]}
      variant="light"
      miw="max-content"
      tt="none"
      data-testid={testId}
      data-status={status}
      leftSection={
        <span
          className={moving ? "dot pulse" : "dot"}
          style={{ "--dot": "currentColor", display: "block" } as React.CSSProperties}
        />
      }
    >
      {t(`status.${status}`)}
    </Badge>
  );
}

export function Trouble({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: () => void }) {
  const { t } = useTranslation();
  const text = error instanceof ApiError ? error.message : t("problem.offline");
  return (
    <Alert color="red" title={title ?? t("problem.title")} role="alert">
      {text}
      {onRetry && (
        <Box mt="xs">
          <button type="button" onClick={onRetry}>
            {t("app.retry")}
          </button>
        </Box>
      )}
    </Alert>
  );
}

export function Copy({ value, label, testId }: { value: string; label?: string; testId?: string }) {
  const { t } = useTranslation();
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t("app.copied") : (label ?? t("app.copy"))}>
          <ActionIcon variant="subtle" color={copied ? "teal" : "gray"} onClick={copy} aria-label={label ?? t("app.copy")} data-testid={testId}>
            {copied ? <CheckIcon size={16} /> : <CopyIcon size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** The last values as a line; 0 to 100 from bottom to top. */
export function Sparkline({ values, label, slots = 60 }: { values: number[]; label: string; slots?: number }) {
  const shown = values.slice(-slots);
  const points = shown.map((value, i) => {
    const x = ((slots - shown.length + i) / (slots - 1)) * 100;
    return `${x.toFixed(2)},${(30 - (Math.min(100, Math.max(0, value)) / 100) * 28).toFixed(2)}`;
  });
  const first = points[0]?.split(",")[0] ?? "0";
  return (
    <svg viewBox="0 0 100 31" preserveAspectRatio="none" width="100%" height="34" role="img" aria-label={label}>
      <line x1="0" x2="100" y1="30.5" y2="30.5" stroke="var(--page-line)" vectorEffect="non-scaling-stroke" />
      {points.length > 1 && (
        <>
          <polygon points={`${first},30 ${points.join(" ")} 100,30`} fill="var(--mantine-primary-color-filled)" opacity="0.13" />
          <polyline
            points={points.join(" ")}
            fill="none"
            stroke="var(--mantine-primary-color-filled)"
            strokeWidth="1.6"
            vectorEffect="non-scaling-stroke"
          />
        </>
      )}
    </svg>
  );
}
