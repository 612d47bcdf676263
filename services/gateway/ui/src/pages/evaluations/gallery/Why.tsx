// What in the image made the model say so: drawn on demand, told by the socket when done.
import { Button, Group, Loader } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { artifactUrl, begin } from "../../../api/client";
import { asObject, asString } from "../../../live/frames";
import { viewOf } from "../../../live/job";
import { useJob } from "../../../live/store";
import { Dim, Trouble } from "../../../parts/parts";

export function Why({ id, box }: { id: string; box: string }) {
  const { t } = useTranslation();
  const ask = useMutation({ mutationFn: () => begin("/model/explain", { validation_id: id, box }) });
  const job = useJob(ask.data);
  const outcome = job ? viewOf(job).outcome : null;
  const key = asString(asObject(asObject(outcome?.data["artifacts"])["overlay.png"])["key"]);
  if (key) return <img className="why" src={artifactUrl(key)} alt={t("evals.whyShown")} data-testid="why-shown" />;
  if (outcome) return <Dim>{asString(outcome.data["message"]) ?? t("evals.failed")}</Dim>;
  return (
    <Group gap="xs" mt={4}>
      {ask.isPending || ask.data ? (
        <Loader size="xs" />
      ) : (
        <Button size="compact-xs" variant="default" onClick={() => ask.mutate()} data-testid="why">
          {t("evals.why")}
        </Button>
      )}
      {ask.isError && <Trouble error={ask.error} />}
    </Group>
  );
}
