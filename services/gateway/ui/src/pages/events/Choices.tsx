// What of the log is shown: areas, what happened, one job, and from which sequence on.
import { Button, Chip, Group, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PlayIcon } from "../../app/icons";
import { Section } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";
import { useView } from "../../parts/view";
import { AREAS, factsOf, filterOf } from "./filter";

export function Choices({ from }: { from: number | null }) {
  const { t } = useTranslation();
  const [view, change] = useView();
  const [job, setJob] = useTyped("job");
  const [start, setStart] = useState<string | number>(from ?? 1);
  const filter = filterOf(view);
  const areas = view.get("areas") ? filter.areas : [];
  return (
    <Section testId="choices">
      <Group gap="sm" align="flex-end">
        <Chip.Group multiple value={areas} onChange={(picked) => change({ areas: picked.join(","), fact: null }, { replace: true })}>
          <Group gap={6} role="group" aria-label={t("log.areas")}>
            {AREAS.map((area) => (
              <Chip key={area} value={area} size="xs" data-testid={`area-${area}`}>
                {t(`area.${area}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <NativeSelect
          size="xs"
          label={t("log.fact")}
          style={{ flex: "1 1 8rem" }}
          value={filter.fact}
          onChange={(event) => change({ fact: event.currentTarget.value }, { replace: true })}
          data={[
            { value: "", label: t("log.anyFact") },
            ...factsOf(filter.areas).map((value) => ({ value, label: value.replaceAll("_", " ") })),
          ]}
          data-testid="fact"
        />
        <TextInput
          size="xs"
          label={t("log.job")}
          placeholder={t("log.jobHint")}
          value={job}
          onChange={(event) => setJob(event.currentTarget.value)}
          style={{ flex: "1 1 8rem" }}
          data-testid="job"
        />
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change({ from: String(start) });
          }}
        >
          <Group gap={6} align="flex-end" wrap="nowrap">
            <NumberInput
              size="xs"
              w={110}
              label={t("log.from")}
              min={1}
              allowDecimal={false}
              value={start}
              onChange={setStart}
              data-testid="from"
            />
            <Button size="xs" type="submit" variant="light" leftSection={<PlayIcon size={12} />} data-testid="replay">
              {t("log.replay")}
            </Button>
          </Group>
        </form>
        {from !== null && (
          <Button size="xs" variant="default" onClick={() => change({ from: null })} data-testid="newest">
            {t("log.newest")}
          </Button>
        )}
      </Group>
    </Section>
  );
}
