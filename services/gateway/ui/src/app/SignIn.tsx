// Asks for the token of an account; most machines need none, so it is loaded only where it is asked for.
import { Button, Center, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSignIn } from "../api/session";
import { Seal } from "./Seal";

export function SignIn() {
  const { t } = useTranslation();
  const signIn = useSignIn();
  const [token, setToken] = useState("");
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(token);
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };

  return (
    <Center component="main" mih="100dvh" p="md">
      <form onSubmit={(event) => void send(event)}>
        <Stack w={340} maw="90vw">
          <Seal />
          <Title order={1} size="h3">
            {t("signIn.title")}
          </Title>
          <PasswordInput
            label={t("signIn.token")}
            description={t("signIn.hint")}
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            error={trouble}
            autoComplete="current-password"
            autoFocus
          />
          <Button type="submit" loading={busy} disabled={token.trim() === ""}>
            {t("signIn.go")}
          </Button>
          <Text size="xs" c="dimmed">
            {t("signIn.ask")}
          </Text>
        </Stack>
      </form>
    </Center>
  );
}
