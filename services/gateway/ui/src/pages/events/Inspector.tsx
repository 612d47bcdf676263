// One event whole: beside the list, or over it on narrow screens; copied as JSON, followed to its job.
import { Anchor, Button, Group, Modal, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { StoredEvent } from "../../api/rest.gen";
import { jobPage } from "../../parts/jobPage";
import { Copy, Dim, Section } from "../../parts/parts";
import { useView } from "../../parts/view";

export function Inspector({ event, wide, close }: { event: StoredEvent | null; wide: boolean; close: () => void }) {
  const { t } = useTranslation();
  if (wide) {
    return (
      <div className="inspector">
        <Section
          title={event ? t("log.open", { seq: event.seq }) : t("log.json")}
          aside={event && <CopyEvent event={event} />}
          testId="inspector"
        >
          {event ? <Shown event={event} /> : <Dim>{t("log.choose")}</Dim>}
        </Section>
      </div>
    );
  }
  return (
    <Modal
      opened={event !== null}
      onClose={close}
      title={event && t("log.open", { seq: event.seq })}
      fullScreen
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      {event && (
        <div data-testid="inspector">
          <CopyEvent event={event} />
          <Shown event={event} />
        </div>
      )}
    </Modal>
  );
}

function CopyEvent({ event }: { event: StoredEvent }) {
  return <Copy value={JSON.stringify(event, null, 2)} testId="copy-event" />;
}

function Shown({ event }: { event: StoredEvent }) {
  const { t } = useTranslation();
  const [, change] = useView();
  const page = jobPage(event.type.split(".")[0] ?? "", event.subject);
  return (
    <>
      <Group gap="xs" mb="xs">
        {page && (
          <Anchor component={Link} to={page} size="sm">
            {t("log.openJob")}
          </Anchor>
        )}
        <Button size="compact-xs" variant="default" onClick={() => change({ job: event.subject })} data-testid="only-job">
          {t("log.onlyJob")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => change({ from: String(event.seq) })} data-testid="from-here">
          {t("log.fromHere")}
        </Button>
      </Group>
      <Text component="pre" size="xs" className="json" tabIndex={0} aria-label={t("log.json")} data-testid="event-json">
        {JSON.stringify(event, null, 2)}
      </Text>
    </>
  );
}
