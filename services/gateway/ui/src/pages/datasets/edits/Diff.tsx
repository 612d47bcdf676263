// What differs between two versions: numbers first, then image by image, with rows that went and came.
import { Badge, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Change, EditDiff } from "../../../api/rest.gen";
import { count } from "../../../parts/format";
import { Dim } from "../../../parts/parts";

interface DiffProps {
  diff: Pick<EditDiff, "images" | "labels" | "boxes" | "classes" | "counts">;
  changes: Change[];
  total: number;
  onMore: (() => void) | undefined;
  onOpen?: ((change: Change) => void) | undefined;
}

export function Diff({ diff, changes, total, onMore, onOpen }: DiffProps) {
  const { t } = useTranslation();
  return (
    <div data-testid="diff" data-total={total}>
      <Numbers diff={diff} />
      {total === 0 && <Dim>{t("data.same")}</Dim>}
      <Stack component="ul" className="plain changes" gap={0} mt="sm">
        {changes.map((change) => (
          <OneChange key={`${change.before ?? ""}${change.image}`} change={change} onOpen={onOpen} />
        ))}
      </Stack>
      {onMore && changes.length < total && (
        <Button size="xs" variant="light" mt="sm" onClick={onMore}>
          {t("data.moreChanges", { shown: count(changes.length), of: count(total) })}
        </Button>
      )}
    </div>
  );
}

function Numbers({ diff }: { diff: DiffProps["diff"] }) {
  const { t } = useTranslation();
  const groups: [string, [string, number][]][] = [
    [t("data.images"), Object.entries(diff.images)],
    [t("data.labels"), Object.entries(diff.labels)],
    [t("data.boxes"), Object.entries(diff.boxes ?? {})],
  ];
  const [before, after] = [diff.classes.before.join(", "), diff.classes.after.join(", ")];
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
        {groups.map(([title, numbers]) => {
          const told = numbers.filter(([, n]) => n > 0);
          return (
            <div key={title} className="numbers">
              <Text size="xs" c="dimmed">
                {title}
              </Text>
              {told.length === 0 && <Text size="sm">{t("data.unchanged")}</Text>}
              {told.map(([kind, n]) => (
                <Text key={kind} size="sm">
                  <b>{count(n)}</b> {t(`data.change.${kind}`)}
                </Text>
              ))}
            </div>
          );
        })}
      </SimpleGrid>
      <Text size="sm" mt="xs">
        {Object.keys({ ...diff.counts.before, ...diff.counts.after })
          .map((split) => `${split}: ${count(diff.counts.before[split] ?? 0)} → ${count(diff.counts.after[split] ?? 0)}`)
          .join(" · ")}
      </Text>
      {before !== after && (
        <Text size="sm">
          {t("data.classesChanged", { before: before || "—", after: after || "—" })}
        </Text>
      )}
    </>
  );
}

function OneChange({ change, onOpen }: { change: Change; onOpen: DiffProps["onOpen"] }) {
  const { t } = useTranslation();
  return (
    <li>
      <Group gap="xs" wrap="wrap">
        {change.kinds.map((kind) => (
          <Badge key={kind} size="sm" variant="light" tt="none" color={COLOURS[kind] ?? "gray"}>
            {t(`data.change.${kind}`)}
          </Badge>
        ))}
        {onOpen ? (
          <button type="button" className="mono link" onClick={() => onOpen(change)}>
            {change.image}
          </button>
        ) : (
          <Text size="xs" className="mono" span>
            {change.image}
          </Text>
        )}
        {change.before && <Dim>{t("data.was", { path: change.before })}</Dim>}
      </Group>
      {change.rows && (
        <div className="rows">
          {change.rows.removed?.map((row, at) => <del key={`-${at}`}>− {row}</del>)}
          {change.rows.added?.map((row, at) => <ins key={`+${at}`}>+ {row}</ins>)}
        </div>
      )}
    </li>
  );
}

const COLOURS: Record<string, string> = { added: "teal", removed: "red", moved: "blue", label: "orange" };
