// Stopping a run, after a question: discard, or finish now and keep the weights.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { post } from "../../api/client";
import { Trouble } from "../../parts/parts";

export function Stop({ id, running }: { id: string; running: boolean }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const stop = useMutation({
    mutationFn: (keep: boolean) => post(`/training/cancel/${encodeURIComponent(id)}${keep ? "?keep=true" : ""}`),
    onSuccess: close,
  });
  return (
    <>
      <Button variant="default" size="xs" onClick={open} data-testid="stop">
        {t("run.cancel")}
      </Button>
      <Modal opened={opened} onClose={close} title={t("run.cancelTitle")} closeButtonProps={{ "aria-label": t("app.close") }}>
        <Text size="sm" mb="md">
          {t("run.cancelText")}
        </Text>
        {stop.isError && <Trouble error={stop.error} />}
        <Group justify="flex-end" gap="xs" mt="sm">
          <Button variant="default" onClick={close}>
            {t("run.cancelNot")}
          </Button>
          {running && (
            <Button variant="light" loading={stop.isPending} onClick={() => stop.mutate(true)} data-testid="stop-keep">
              {t("run.cancelKeep")}
            </Button>
          )}
          <Button color="red" loading={stop.isPending} onClick={() => stop.mutate(false)} data-testid="stop-discard">
            {t("run.cancelDiscard")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
