// Deleting a model, after a question that says what goes and what stays.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { removeModel } from "../../api/models";
import type { ModelEntry } from "../../api/types";
import { size } from "../../parts/format";
import { Trouble } from "../../parts/parts";

export function Delete({ model }: { model: ModelEntry }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const remove = useMutation({
    mutationFn: () => removeModel(model.name),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["models"] });
      void navigate("/models");
    },
  });
  return (
    <>
      <Button size="xs" variant="default" onClick={open} data-testid="delete-model">
        {t("models.delete")}
      </Button>
      <Modal opened={opened} onClose={close} title={t("models.deleteTitle")} closeButtonProps={{ "aria-label": t("app.close") }}>
        <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          {model.name} · {size(model.size)}
        </Text>
        <Text size="sm" my="md">
          {t(model.kind === "run" ? "models.deleteRun" : "models.deleteUpload")}
        </Text>
        {remove.isError && <Trouble error={remove.error} />}
        <Group justify="flex-end" gap="xs" mt="sm">
          <Button variant="default" onClick={close} data-autofocus>
            {t("models.keep")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()} data-testid="delete-model-yes">
            {t("models.deleteYes")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
