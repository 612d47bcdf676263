// Events, a line each; arrow keys move the choice.
import { Text } from "@mantine/core";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { StoredEvent } from "../../api/rest.gen";
import { factName } from "../../live/job";
import { Windowed } from "../../parts/Windowed";
import { instant } from "../../parts/format";

const ROW_PX = 34;

interface EventListProps {
  rows: StoredEvent[];
  chosen: number | null;
  choose: (seq: number) => void;
}

export function EventList({ rows, chosen, choose }: EventListProps) {
  const { t } = useTranslation();
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = rows.findIndex((each) => each.seq === chosen);
    const next = step === undefined || at < 0 ? undefined : rows[at + step];
    if (!next) return;
    event.preventDefault();
    choose(next.seq);
    document.getElementById(`event-${next.seq}`)?.focus();
  };
  return (
    <div onKeyDown={move}>
      <Windowed
        count={rows.length}
        rowPx={ROW_PX}
        heightPx={Math.max(320, window.innerHeight - 380)}
        label={t("log.list")}
        testId="event-list"
        row={(index) => {
          const event = rows[index];
          return event && <Row key={event.seq} event={event} chosen={event.seq === chosen} choose={choose} />;
        }}
      />
    </div>
  );
}

function Row({ event, chosen, choose }: { event: StoredEvent; chosen: boolean; choose: (seq: number) => void }) {
  const { t } = useTranslation();
  const area = event.type.split(".")[0] ?? "";
  const fact = factName(event.type);
  return (
    <div role="listitem" style={{ height: ROW_PX }}>
      <button
        type="button"
        id={`event-${event.seq}`}
        className="event-row"
        aria-pressed={chosen}
        onClick={() => choose(event.seq)}
        data-seq={event.seq}
        data-kind={event.type}
      >
        <span className="mono event-seq">#{event.seq}</span>
        <span className="event-time">{instant(event.time)}</span>
        <span className="one-line">
          <Text span size="sm" c="dimmed">
            {t(`area.${area}`, { defaultValue: area })}
          </Text>{" "}
          {t(`event.${fact}`, { ...event.data, defaultValue: fact })}
        </span>
        <span className="mono event-job">{event.subject.slice(0, 8)}</span>
      </button>
    </div>
  );
}
