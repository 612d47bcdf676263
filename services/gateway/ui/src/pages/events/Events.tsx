// The log itself: filtered, newest first or replayed from a sequence, live; one event whole; how others read along.
import "./events.css";
import { Button, Grid, Group, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { count } from "../../parts/format";
import { Copy, Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { useView } from "../../parts/view";
import { Choices } from "./Choices";
import { EventList } from "./EventList";
import { Inspector } from "./Inspector";
import { ReadAlong } from "./ReadAlong";
import { filterOf, topicsOf } from "./filter";
import { useLog } from "./useLog";

export function Events() {
  const { t } = useTranslation();
  const [view] = useView();
  const topics = topicsOf(filterOf(view));
  const from = Number(view.get("from") ?? Number.NaN);
  const start = Number.isInteger(from) && from > 0 ? from : null;
  return (
    <Stack gap="md">
      <PageHead title={t("log.title")} />
      <Dim>{t("log.hint")}</Dim>
      <Choices from={start} />
      <Listed key={`${topics} ${start}`} topics={topics} from={start} />
      <ReadAlong topics={topics} from={start} />
    </Stack>
  );
}

function Listed({ topics, from }: { topics: string; from: number | null }) {
  const { t } = useTranslation();
  const log = useLog(topics, from);
  const [view, change] = useView();
  const wide = useMediaQuery("(min-width: 62em)", true);
  const chosen = log.rows.find((each) => String(each.seq) === view.get("event")) ?? null;
  const choose = (seq: number | null) => change({ event: seq === null ? null : String(seq) }, { replace: true });
  return (
    <>
      {log.error !== null && <Trouble error={log.error} onRetry={log.retry} />}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Section
            title={from === null ? t("log.following") : t("log.replaying", { from })}
            aside={
              <Group gap={4}>
                <Dim>{t("log.shown", { count: log.rows.length, n: count(log.rows.length) })}</Dim>
                <Copy value={JSON.stringify(log.rows, null, 1)} label={t("log.copyAll")} testId="copy-events" />
              </Group>
            }
            testId="log"
          >
            {log.rows.length === 0 ? (
              <Dim>{log.loaded ? t("log.none") : t("app.loading")}</Dim>
            ) : (
              <EventList rows={log.rows} chosen={chosen?.seq ?? null} choose={choose} />
            )}
            <Group gap="xs" mt="xs">
              {log.older && (
                <Button size="compact-sm" variant="default" onClick={log.older} data-testid="older">
                  {t("log.older")}
                </Button>
              )}
              {log.later && (
                <Button size="compact-sm" variant="default" onClick={log.later} data-testid="later">
                  {t("log.later")}
                </Button>
              )}
            </Group>
          </Section>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Inspector event={chosen} wide={wide} close={() => choose(null)} />
        </Grid.Col>
      </Grid>
    </>
  );
}
