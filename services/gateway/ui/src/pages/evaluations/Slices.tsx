// Where the model is weak: its numbers on parts of the set, each with its interval.
import { NativeSelect, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSection } from "../../api/judgements";
import type { Bounds, Slice } from "../../api/rest.gen";
import { count, share } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";
import { useView } from "../../parts/view";

const RATES = ["recall", "precision", "ap"] as const;

export function Slices({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const [view, setView] = useView();
  const { data } = useSection(id, "slices");
  if (!data || data.parts.length === 0) return null;
  const language = i18n.language.startsWith("ja") ? "ja" : "en";
  const dimensions = [...new Set(data.parts.map((part) => part.dimension))].sort((a, b) => Number(a === "class") - Number(b === "class"));
  const wanted = view.get("slice");
  const dimension = dimensions.find((each) => each === wanted) ?? dimensions[0] ?? "";
  return (
    <Section
      title={t("evals.slices")}
      testId="slices"
      aside={
        <NativeSelect
          size="xs"
          aria-label={t("evals.sliceBy")}
          value={dimension}
          onChange={(event) => setView({ slice: event.target.value }, { replace: true })}
          data={dimensions.map((value) => ({ value, label: t(`evals.dimension.${value}`, value) }))}
          data-testid="slice-by"
        />
      }
    >
      {data.weakest.length > 0 ? (
        <ul className="plain weakest">
          {data.weakest.slice(0, 5).map(({ sentence }) => (
            <li key={sentence.en}>
              <Text size="sm">{sentence[language]}</Text>
            </li>
          ))}
        </ul>
      ) : (
        <Dim>{t("evals.noWeak")}</Dim>
      )}
      <div className="scroll-x tall" tabIndex={0} role="group" aria-label={t("evals.sliceBy")}>
        <Table verticalSpacing={4} miw={620} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t(`evals.dimension.${dimension}`, dimension)}</Table.Th>
              <Table.Th ta="right">{t("metric.support")}</Table.Th>
              {RATES.map((name) => (
                <Table.Th key={name}>{name === "ap" ? "AP" : t(`metric.${name}`)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.parts
              .filter((part) => part.dimension === dimension)
              .map((part) => (
                <Row key={part.part} part={part} words={part.words[language]} />
              ))}
          </Table.Tbody>
        </Table>
      </div>
      <Dim>{t("evals.slicesHint")}</Dim>
    </Section>
  );
}

function Row({ part, words }: { part: Slice; words: string }) {
  return (
    <Table.Tr style={part.enough ? undefined : { opacity: 0.65 }}>
      <Table.Td miw={150}>{words}</Table.Td>
      <Table.Td ta="right">{count(part.labels)}</Table.Td>
      {RATES.map((name) => (
        <Table.Td key={name}>
          <Reach sure={part[name]} />
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

/** The value, and its interval on a line from 0 to 1. */
function Reach({ sure }: { sure: Bounds | null }) {
  if (!sure) return <>—</>;
  const x = (value: number) => 2 + 96 * Math.max(0, Math.min(1, value));
  const { value, low, high } = sure;
  return (
    <span className="reach" title={`${share(low)}–${share(high)}`}>
      {share(value)}
      <svg viewBox="0 0 100 12" role="img" aria-label={`${share(low)}–${share(high)}`}>
        <line x1="2" x2="98" y1="6" y2="6" stroke="var(--page-line)" strokeWidth="2" />
        <line x1={x(low)} x2={x(high)} y1="6" y2="6" stroke="var(--mantine-color-dimmed)" strokeWidth="3" strokeLinecap="round" />
        <circle cx={x(value)} cy="6" r="4" fill="var(--mantine-primary-color-filled)" />
      </svg>
    </span>
  );
}
