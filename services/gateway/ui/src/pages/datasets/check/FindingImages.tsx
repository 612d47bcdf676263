// The findings of one rule, a page at a time: the image with the box at fault marked, the file and line, the sentence.
import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { pictureOf, useFindings, useImages } from "../../../api/datasets";
import type { Finding, ImageRow } from "../../../api/rest.gen";
import { BoxedPicture } from "../../../parts/BoxedPicture";
import { baseName, count } from "../../../parts/format";
import { Dim, Trouble } from "../../../parts/parts";
import { useView } from "../../../parts/view";
import { marked } from "../gallery/Gallery";
import { ImageView, OpenImage } from "../gallery/ImageView";

const PER_PAGE = 24;

export function FindingImages({ check, rule, classes }: { check: string; rule: string; classes: string[] }) {
  const { t } = useTranslation();
  const [view, setView] = useView();
  const cursor = Number(view.get("cursor") ?? 0);
  const page = useFindings(check, rule, cursor, PER_PAGE);
  const findings = page.data?.rows ?? [];
  const files = [...new Set(findings.flatMap((finding) => finding.file ?? []))].sort();
  const album = { check };
  const images = useImages(album, { file: files, limit: 100 }, files.length > 0);
  const byFile = new Map<string, ImageRow>();
  for (const row of images.data?.rows ?? []) {
    byFile.set(row.file, row);
    if (row.label_file !== null) byFile.set(row.label_file, row);
  }
  if (page.isError) return <Trouble error={page.error} onRetry={() => void page.refetch()} />;
  if (page.isPending) return <Dim>{t("app.loading")}</Dim>;
  const open = view.get("image");
  const steps = [...new Set(findings.flatMap((each) => byFile.get(each.file ?? "")?.id ?? []))];
  const step = (by: -1 | 1) => {
    const next = steps[steps.indexOf(open ?? "") + by];
    if (next) setView({ image: next }, { replace: true });
  };
  const total = page.data.total ?? findings.length;
  return (
    <>
      <div className="tiles wide" data-testid="finding-images">
        {findings.map((finding, at) => (
          <One
            key={`${cursor}:${at}`}
            finding={finding}
            row={byFile.get(finding.file ?? "")}
            check={check}
            classes={classes}
            onOpen={(image) => setView({ image })}
          />
        ))}
      </div>
      {total > PER_PAGE && (
        <Group justify="space-between" mt="sm">
          <Dim>{t("data.range", { from: count(cursor + 1), to: count(cursor + findings.length), of: count(total) })}</Dim>
          <Group gap="xs">
            <Button size="xs" variant="default" disabled={cursor === 0} onClick={() => setView({ cursor: String(Math.max(0, cursor - PER_PAGE)) })}>
              {t("data.previous")}
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={page.data.next === null}
              onClick={() => setView({ cursor: page.data.next })}
            >
              {t("data.next")}
            </Button>
          </Group>
        </Group>
      )}
      {images.isError && <Trouble error={images.error} title={t("data.noPictures")} />}
      <ImageView
        album={album}
        image={open}
        findings={findings.filter((finding) => open !== null && byFile.get(finding.file ?? "")?.id === open)}
        onClose={() => setView({ image: null })}
        onStep={step}
      />
    </>
  );
}

interface OneProps {
  finding: Finding;
  row: ImageRow | undefined;
  check: string;
  classes: string[];
  onOpen: (image: string) => void;
}

function One({ finding, row, check, classes, onOpen }: OneProps) {
  const { t } = useTranslation();
  const place = (
    <Text size="xs" className="mono" component="span" display="block">
      {finding.file ? baseName(finding.file) : t("data.wholeDataset")}
      {finding.line !== null && ` · ${t("data.line", { n: finding.line })}`}
    </Text>
  );
  return (
    <div className="tile-cell">
      {row && (
        <OpenImage onClick={() => onOpen(row.id)}>
          <BoxedPicture
            src={pictureOf({ check }, row.id, 320)}
            alt={`${row.file}: ${finding.message}`}
            lazy
            boxes={marked(row, classes, finding.line)}
            maxHeight="11rem"
          />
        </OpenImage>
      )}
      <div title={finding.file ?? undefined}>{place}</div>
      <Text size="xs" c="dimmed" lineClamp={4}>
        {finding.message}
      </Text>
    </div>
  );
}
