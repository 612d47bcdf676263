// The versions of a dataset: what made each, how two differ, and going back to one.
import { Badge, Button, Group, Select, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { start, useDiff, useImages } from "../../../api/datasets";
import type { Change, DatasetWithHistory, VersionFacts } from "../../../api/rest.gen";
import { count, moment } from "../../../parts/format";
import { Dim, Section, Trouble } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { ImageView } from "../gallery/ImageView";
import { useRuleTitle } from "../check/Findings";
import { Diff } from "./Diff";
import { EditFlow } from "./EditFlow";

const PAGE = 50;

export function Versions({ dataset }: { dataset: DatasetWithHistory }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const { history, name } = dataset;
  const newest = history[0]?.version;
  const restoring = view.get("restore");
  if (history.length === 0) return <Section>{t("data.noVersions")}</Section>;
  return (
    <Stack gap="md">
      <Section title={t("data.versions")} testId="versions">
        <div className="scroll-x">
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("data.version")}</Table.Th>
                <Table.Th>{t("data.madeBy")}</Table.Th>
                <Table.Th>{t("data.images")}</Table.Th>
                <Table.Th>{t("data.when")}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {history.map((version) => (
                <Row
                  key={version.version}
                  name={name}
                  version={version}
                  isNewest={version.version === newest}
                  onRestore={() => setView({ restore: version.version, preview: null, applied: null, undo: null })}
                />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </Section>
      {restoring && (
        <Section title={t("data.restoreTitle", { version: restoring })}>
          <EditFlow
            key={restoring}
            begin={(dryRun) => start.restore(name, restoring, dryRun)}
            label={t("data.previewRestore")}
            applyLabel={t("data.restore")}
          />
        </Section>
      )}
      {history.length > 1 && <Compare dataset={dataset} />}
    </Stack>
  );
}

function Row(props: { name: string; version: VersionFacts; isNewest: boolean; onRestore: () => void }) {
  const { t } = useTranslation();
  const { version, name, isNewest } = props;
  const title = useRuleTitle();
  const changes = Object.entries(version.changes).filter(([, n]) => n > 0);
  return (
    <Table.Tr data-testid="version" data-version={version.version}>
      <Table.Td>
        <Link className="row-link" to={`/datasets/${encodeURIComponent(`${name}@${version.version}`)}`}>
          {version.version}
        </Link>
        {isNewest && (
          <Badge size="xs" variant="light" tt="none" miw="max-content">
            {t("data.newest")}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{t(`data.operation.${version.operation ?? "import"}`)}</Text>
        <Dim>
          {changes.map(([what, n]) => `${t(`data.did.${what}`, { defaultValue: title(what) })}: ${count(n)}`).join(" · ")}
        </Dim>
      </Table.Td>
      <Table.Td>{count(Object.values(version.counts).reduce((sum, n) => sum + n, 0))}</Table.Td>
      <Table.Td>
        <Text size="sm" style={{ whiteSpace: "nowrap" }}>
          {moment(version.created_at)}
        </Text>
      </Table.Td>
      <Table.Td>
        {!isNewest && (
          <Button size="compact-sm" variant="default" onClick={props.onRestore} data-testid={`restore-${version.version}`}>
            {t("data.restore")}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Compare({ dataset }: { dataset: DatasetWithHistory }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const { history, name } = dataset;
  const versions = history.map((each) => each.version);
  const to = view.get("to") ?? versions[0] ?? null;
  const from = view.get("from") ?? history.find((each) => each.version === to)?.parent ?? versions[1] ?? null;
  const [limit, setLimit] = useState(PAGE);
  const [open, setOpen] = useState<Change | null>(null);
  const diff = useDiff(name, from, to, limit);
  return (
    <Section title={t("data.compareVersions")} testId="compare-versions">
      <Group gap="sm" mb="sm" className="filters">
        <Select label={t("data.from")} data={versions} value={from} onChange={(value) => setView({ from: value })} allowDeselect={false} />
        <Select label={t("data.to")} data={versions} value={to} onChange={(value) => setView({ to: value })} allowDeselect={false} />
      </Group>
      {from === to && <Dim>{t("data.chooseTwo")}</Dim>}
      {diff.isError && <Trouble error={diff.error} />}
      {from !== to && diff.isPending && <Dim>{t("app.loading")}</Dim>}
      {from !== to && diff.data && (
        <Diff
          diff={diff.data}
          changes={diff.data.changed}
          total={diff.data.changed_total ?? diff.data.changed.length}
          onMore={limit < 200 ? () => setLimit(200) : undefined}
          onOpen={setOpen}
        />
      )}
      {open && from && to && <ChangedImage name={name} from={from} to={to} change={open} onClose={() => setOpen(null)} />}
    </Section>
  );
}

/** The image in the newer version, or in the older one if it is gone. */
function ChangedImage(props: { name: string; from: string; to: string; change: Change; onClose: () => void }) {
  const gone = props.change.kinds.includes("removed");
  const album = { name: `${props.name}@${gone ? props.from : props.to}` };
  const found = useImages(album, { file: [props.change.image], limit: 1 });
  return <ImageView album={album} image={found.data?.rows[0]?.id ?? null} onClose={props.onClose} />;
}
