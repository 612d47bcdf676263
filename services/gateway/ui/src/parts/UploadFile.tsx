// A file by drag and drop or by choosing, with a name: shows how much was sent, and can be stopped.
import { Button, Group, Progress, Stack, Text, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Stopped } from "../api/upload";
import { DropZone } from "./DropZone";
import { size } from "./format";
import { Trouble } from "./parts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

interface UploadFileProps<T> {
  accept: string;
  title: string;
  hint: string;
  nameLabel: string;
  nameHint: string;
  nameOf: (file: string) => string;
  send: (file: File, name: string, onSent: (share: number) => void, signal: AbortSignal) => Promise<T>;
  onDone: (answer: T) => void;
}

export function UploadFile<T>(props: UploadFileProps<T>) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [sent, setSent] = useState<number | null>(null);
  const [trouble, setTrouble] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const choose = (chosen: File | undefined) => {
    if (!chosen) return;
    setFile(chosen);
    setTrouble(null);
    setName(props.nameOf(chosen.name));
  };
  const send = async () => {
    if (!file) return;
    abort.current = new AbortController();
    setSent(0);
    setTrouble(null);
    try {
      props.onDone(await props.send(file, name, setSent, abort.current.signal));
      setFile(null);
    } catch (error) {
      if (!(error instanceof Stopped)) setTrouble(error);
    } finally {
      setSent(null);
    }
  };
  return (
    <Stack gap="sm">
      <DropZone file={file} accept={props.accept} title={props.title} hint={props.hint} onFile={choose} />
      {file && (
        <Group gap="sm" align="flex-end">
          <TextInput
            label={props.nameLabel}
            description={props.nameHint}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={!NAME.test(name)}
            disabled={sent !== null}
            style={{ flex: "1 1 14rem" }}
            data-testid="upload-name"
          />
          {sent === null ? (
            <Button onClick={() => void send()} disabled={!NAME.test(name)} data-testid="upload">
              {t("data.upload")}
            </Button>
          ) : (
            <Button variant="default" onClick={() => abort.current?.abort()} data-testid="upload-stop">
              {t("data.stop")}
            </Button>
          )}
        </Group>
      )}
      {file && sent !== null && (
        <div aria-live="polite">
          <Text size="sm" c="dimmed">
            {t(sent < 1 ? "data.sending" : "data.storing", { sent: size(sent * file.size), of: size(file.size) })}
          </Text>
          <Progress value={100 * sent} animated aria-label={t("data.upload")} data-testid="upload-progress" />
        </div>
      )}
      {trouble !== null && <Trouble error={trouble} title={t("data.uploadFailed")} />}
    </Stack>
  );
}
