// Up to 500 trainings at once: their curves over each other, the best first; some chosen for a verdict.
import { Checkbox, Grid, Group, Stack } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { page } from "../../api/typed";
import { ManyCurves } from "../../charts/ManyCurves";
import { ZoomHint } from "../../charts/ZoomHint";
import { spanOf, spanText } from "../../charts/span";
import { Windowed } from "../../parts/Windowed";
import { count, share } from "../../parts/format";
import { Dim, PageHead, Section, Trouble } from "../../parts/parts";
import { useTyped } from "../../parts/useTyped";
import { useView } from "../../parts/view";
import { CompareChosen } from "./CompareChosen";
import { Quantity } from "./Quantity";
import { SHARES, columnOf } from "./columns";
import { type Ranked, ranked } from "./ranked";

const MOST = 8;
const ROW_PX = 34;

export function Many() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [view] = useView();
  const [span, setSpan] = useTyped("epochs");
  const [picked, setPicked] = useTyped("chosen");
  const metric = view.get("metric") ?? "map50_95";
  const [name, status] = [view.get("name"), view.get("status")];
  const found = useQuery({
    queryKey: ["trainings", "curves", metric, name, status],
    refetchOnMount: "always",
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => page("GET /training/curves", { query: { column: columnOf(metric), name, status } }, signal),
  });
  const rows = useMemo(() => ranked(found.data?.rows ?? [], SHARES.has(metric)), [found.data, metric]);
  const chosen = useMemo(() => picked.split(",").filter((id) => id !== ""), [picked]);
  const drawn = useDeferredValue(chosen); // the tick comes first
  const range = useMemo(() => spanOf(span), [span]);
  const choose = (id: string) =>
    setPicked((chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(-MOST)).join(","));
  const open = useCallback((id: string) => void navigate(`/trainings/${id}`), [navigate]);
  const total = found.data?.total ?? rows.length;
  return (
    <Stack gap="md" data-testid="many-page">
      <PageHead title={t("compare.manyTitle")}>
        <CompareChosen chosen={chosen} />
      </PageHead>
      {found.isError && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
      {rows.length === 0 && !found.isError && <Dim>{t(found.isPending ? "app.loading" : "compare.noCurves")}</Dim>}
      {rows.length > 0 && (
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Section title={t("compare.curves")} aside={<Dim>{t("compare.manyHint", { n: count(rows.length), of: count(total) })}</Dim>}>
              <Group justify="space-between" align="start">
                <Quantity />
                <ZoomHint zoomed={range !== null} showAll={() => setSpan("")} />
              </Group>
              <ManyCurves
                curves={rows}
                chosen={drawn}
                label={t("compare.curves")}
                range={range}
                max={SHARES.has(metric) ? 1 : undefined}
                onSpan={(wanted) => setSpan(spanText(wanted))}
                onPick={open}
              />
            </Section>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Section title={t("compare.bestFirst")} testId="ranking">
              <div role="table" aria-label={t("compare.bestFirst")} aria-rowcount={rows.length}>
                <Windowed
                  count={rows.length}
                  rowPx={ROW_PX}
                  heightPx={430}
                  label={t("compare.bestFirst")}
                  role="rowgroup"
                  row={(index) => {
                    const row = rows[index];
                    return row && <Row key={row.id} row={row} place={index + 1} chosen={chosen.indexOf(row.id)} choose={choose} />;
                  }}
                />
              </div>
            </Section>
          </Grid.Col>
        </Grid>
      )}
    </Stack>
  );
}

function Row({ row, place, chosen, choose }: { row: Ranked; place: number; chosen: number; choose: (id: string) => void }) {
  const { t } = useTranslation();
  return (
    <div className="ranked-row" role="row" style={{ height: ROW_PX }}>
      <span role="cell">
        <Checkbox size="xs" checked={chosen >= 0} onChange={() => choose(row.id)} aria-label={t("runs.chooseOne", { name: row.name })} data-testid={`choose-${row.id}`} />
      </span>
      <span role="cell" className="ranked-place">
        {place}
      </span>
      <span role="cell" className="one-line" title={row.name}>
        <Link className="row-link" to={`/trainings/${row.id}`}>
          {row.name}
        </Link>
      </span>
      <span role="cell">{share(row.best)}</span>
    </div>
  );
}
