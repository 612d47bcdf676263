// The machine, the work and the events, as they are now.
import { Grid, SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useStatus } from "../../api/queries";
import { PageHead, Trouble } from "../../parts/parts";
import { Feed } from "./Feed";
import { Hosts } from "./Hosts";
import { Machine } from "./Machine";
import { Services } from "./Services";
import { Work } from "./Work";

export function Overview() {
  const { t } = useTranslation();
  const status = useStatus();
  return (
    <Stack gap="md">
      <PageHead title={t("overview.title")} />
      {status.isError && <Trouble error={status.error} />}
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: "xs", sm: "md" }} data-testid="machine">
        <Machine status={status.data} />
      </SimpleGrid>
      <Grid gap="md" align="stretch">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Work status={status.data} />
            <Hosts status={status.data} />
            <Services status={status.data} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Feed />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}
