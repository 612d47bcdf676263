// What the run made: pictures to look at, files to download.
import { Anchor, Stack, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useArtifacts } from "../../api/queries";
import { Pictures } from "../../parts/Pictures";
import { size } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";

export function RunFiles({ id, ended }: { id: string; ended: boolean }) {
  const { t } = useTranslation();
  const artifacts = useArtifacts(id);
  const files = artifacts.data ?? [];
  const pictures = files.filter(({ name }) => /\.(png|jpe?g)$/i.test(name) && !name.startsWith("samples/")); // those have a slider
  if (!ended && files.length === 0) return null;
  return (
    <Stack gap="md">
      {pictures.length > 0 && (
        <Section title={t("run.pictures")}>
          <Pictures pictures={pictures} testId="run-pictures" />
        </Section>
      )}
      <Section title={t("run.artifacts")} testId="artifacts">
        {files.length === 0 ? (
          <Dim>{t(artifacts.isPending ? "app.loading" : "run.noArtifacts")}</Dim>
        ) : (
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("run.file")}</Table.Th>
                <Table.Th ta="right">{t("run.size")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {files.map((file) => (
                <Table.Tr key={file.name}>
                  <Table.Td className="mono">
                    <Anchor href={file.url} download={file.name.split("/").at(-1)} size="sm">
                      {file.name}
                    </Anchor>
                  </Table.Td>
                  <Table.Td ta="right">{size(file.size)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Section>
    </Stack>
  );
}
