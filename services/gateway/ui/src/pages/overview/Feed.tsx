// The last events of the log, newest first, each with its sequence and a way to its job.
import { Anchor, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Fact, asString } from "../../live/frames";
import { factName } from "../../live/job";
import { useFeed } from "../../live/store";
import { clock } from "../../parts/format";
import { jobPage } from "../../parts/jobPage";
import { Dim, Section } from "../../parts/parts";

export function Feed() {
  const { t } = useTranslation();
  const feed = useFeed();
  return (
    <Section
      title={t("overview.events")}
      aside={
        <Anchor component={Link} to="/events" size="sm">
          {t("overview.allEvents")}
        </Anchor>
      }
      testId="feed"
    >
      {feed.length === 0 ? (
        <Dim>{t("overview.noEvents")}</Dim>
      ) : (
        <ol className="feed" tabIndex={0} aria-label={t("overview.events")}>
          {feed.map((fact) => (
            <Row key={fact.seq} fact={fact} />
          ))}
        </ol>
      )}
    </Section>
  );
}

function Row({ fact }: { fact: Fact }) {
  const { t } = useTranslation();
  const area = fact.kind.split(".")[0] ?? "";
  const page = jobPage(area, fact.jobId);
  const what = t(`event.${factName(fact.kind)}`, { ...fact.data, defaultValue: factName(fact.kind) });
  return (
    <li>
      <Text size="xs" c="dimmed" title={`#${fact.seq}`}>
        {clock(fact.time)}
      </Text>
      <Text size="sm">
        {t(`area.${area}`)}{" "}
        {page ? (
          <Link className="row-link mono" to={page}>
            {fact.jobId.slice(0, 8)}
          </Link>
        ) : (
          <span className="mono">{asString(fact.data["name"]) ?? fact.jobId.slice(0, 8)}</span>
        )}{" "}
        {what}
      </Text>
      <Text size="xs" c="dimmed" className="mono">
        #{fact.seq}
      </Text>
    </li>
  );
}
