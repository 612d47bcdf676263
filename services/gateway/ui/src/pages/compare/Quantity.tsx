// The choice of what the curves show; kept in the address.
import { NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useView } from "../../parts/view";
import { COLUMNS } from "./columns";

export function Quantity() {
  const { t } = useTranslation();
  const [view, change] = useView();
  return (
    <NativeSelect
      size="xs"
      mb="xs"
      maw={260}
      aria-label={t("compare.quantity")}
      value={view.get("metric") ?? "map50_95"}
      onChange={(event) => change({ metric: event.target.value }, { replace: true })}
      data={Object.keys(COLUMNS).map((value) => ({ value, label: t(`compare.of_.${value}`) }))}
      data-testid="quantity"
    />
  );
}
