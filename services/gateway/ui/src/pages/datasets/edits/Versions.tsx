// The versions of a dataset: what made each, how two differ, and going back to one.
import { Badge, Button, Group, Modal, Select, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Album, pictureOf, start, useDiff, useImages } from "../../../api/datasets";
import type { Change, DatasetWithHistory, VersionFacts } from "../../../api/rest.gen";
import { BoxedPicture } from "../../../parts/BoxedPicture";
import { count, moment } from "../../../parts/format";
import { Dim, Section, Trouble, Wide } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { allBoxes } from "../gallery/Gallery";
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
        <Wide label={t("data.tab.versions")}>
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
        </Wide>
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

/** The image as it was and as it is, with its boxes; one side only if it came or went. */
function ChangedImage(props: { name: string; from: string; to: string; change: Change; onClose: () => void }) {
  const { t } = useTranslation();
  const { name, from, to, change } = props;
  const sides: [string, string][] = [];
  if (!change.kinds.includes("added")) sides.push([from, change.before ?? change.image]);
  if (!change.kinds.includes("removed")) sides.push([to, change.image]);
  return (
    <Modal
      opened
      onClose={props.onClose}
      size="72rem"
      title={change.image}
      closeButtonProps={{ "aria-label": t("app.close") }}
    >
      <SimpleGrid cols={{ base: 1, sm: sides.length }} data-testid="changed-image">
        {sides.map(([version, file]) => (
          <Side key={version} album={{ name: `${name}@${version}` }} version={version} file={file} />
        ))}
      </SimpleGrid>
    </Modal>
  );
}

function Side({ album, version, file }: { album: Album; version: string; file: string }) {
  const { t } = useTranslation();
  const found = useImages(album, { file: [file], limit: 1 });
  const row = found.data?.rows[0];
  if (found.isError) return <Trouble error={found.error} />;
  if (!row) return <Dim>{t(found.isPending ? "app.loading" : "data.noImages")}</Dim>;
  return (
    <div>
      <Group gap="xs" mb={6}>
        <Badge variant="light" tt="none">
          {version}
        </Badge>
        <Dim>{t("data.objects", { count: row.objects })}</Dim>
      </Group>
      <div className="image-frame">
        <BoxedPicture src={pictureOf(album, row.id, 1280)} alt={`${version} ${file}`} boxes={allBoxes(row)} maxHeight="60vh" />
      </div>
      {row.dropped !== null && (
        <Text size="sm" c="var(--mantine-color-red-light-color)">
          {t("data.dropped", { why: row.dropped })}
        </Text>
      )}
    </div>
  );
}
