// Result pictures as a gallery; one opens large, over the page.
import { Modal, SimpleGrid, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { artifactUrl } from "../api/client";
import { baseName } from "./format";

export interface Picture {
  name: string;
  url: string;
}

/** The pictures among artifacts by name, as an event carries them. */
export function picturesOf(artifacts: Record<string, unknown>): Picture[] {
  return Object.entries(artifacts)
    .filter(([name]) => /\.(png|jpe?g|webp)$/i.test(name))
    .filter(([name]) => !name.includes("error_samples"))
    .map(([name, value]) => ({ name, url: artifactUrl(String((value as { key?: unknown }).key ?? "")) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

export function Pictures({ pictures, testId }: { pictures: Picture[]; testId?: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<Picture | null>(null);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm" data-testid={testId}>
        {pictures.map((picture) => (
          <figure key={picture.url} style={{ margin: 0, minWidth: 0 }}>
            <button type="button" className="picture" onClick={() => setOpen(picture)}>
              <img src={picture.url} alt={picture.name} loading="lazy" />
            </button>
            <Text component="figcaption" size="xs" c="dimmed" mt={4} truncate>
              {baseName(picture.name)}
            </Text>
          </figure>
        ))}
      </SimpleGrid>
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={open ? baseName(open.name) : ""}
        size="90rem"
        closeButtonProps={{ "aria-label": t("app.close") }}
      >
        {open && <img src={open.url} alt={open.name} style={{ width: "100%", background: "#fff" }} />}
      </Modal>
    </>
  );
}
