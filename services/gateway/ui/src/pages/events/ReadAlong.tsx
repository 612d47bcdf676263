// How other systems read along: the readers' account, ten lines of Python, one line of curl. Asked for only when opened.
import { Alert, Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, BASE } from "../../api/client";
import { readers } from "../../api/log";
import type { ReaderAccount } from "../../api/rest.gen";
import { Copy, Dim, Section, Trouble } from "../../parts/parts";
import { serverSent, subscriber } from "./subscriber";

export function ReadAlong({ topics, from }: { topics: string; from: number | null }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const account = useQuery({
    queryKey: ["readers"],
    enabled: open,
    gcTime: 0, // a password stays no longer than it is looked at
    retry: false,
    queryFn: ({ signal }) => readers(signal),
  });
  return (
    <Section
      title={t("log.along")}
      aside={
        <Button size="compact-sm" variant="default" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="show-readers">
          {t(open ? "log.hide" : "log.show")}
        </Button>
      }
      testId="read-along"
    >
      <Stack gap="sm">
        <Dim>{t("log.alongHint")}</Dim>
        {open && account.isError && <Refused error={account.error} />}
        {open && account.data && <Account account={account.data} />}
        {open && (
          <Code title={t("log.curl")} code={serverSent(window.location.origin, BASE, (from ?? 1) - 1, topics)} testId="curl" />
        )}
      </Stack>
    </Section>
  );
}

function Refused({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (error instanceof ApiError && error.status === 403) return <Alert color="yellow">{t("log.forbidden")}</Alert>;
  return <Trouble error={error} />;
}

function Account({ account }: { account: ReaderAccount }) {
  const { t } = useTranslation();
  return (
    <>
      <dl className="account" aria-label={t("log.account")} data-testid="account">
        {(["url", "user", "password", "stream"] as const).map((field) => (
          <div key={field}>
            <dt>{t(`log.${field}`)}</dt>
            <dd className="mono">
              {account[field]} <Copy value={account[field]} />
            </dd>
          </div>
        ))}
      </dl>
      <Code title={t("log.python")} code={subscriber(account)} testId="subscriber" />
    </>
  );
}

function Code({ title, code, testId }: { title: string; code: string; testId: string }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {title} <Copy value={code} testId={`copy-${testId}`} />
      </Text>
      <Text component="pre" size="xs" className="json" tabIndex={0} aria-label={title} data-testid={testId}>
        {code}
      </Text>
    </div>
  );
}
