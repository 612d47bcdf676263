// Shows the page to those whom the gateway knows, and asks the others for a token.
import { Button, Center, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession, useSignIn } from "../api/session";
import { startLive } from "../live/store";
import { Seal } from "./Seal";

export function Gate({ children }: { children: ReactNode }) {
  const session = useSession();
  if (session.data === null) return <SignIn />;
  // an answer that never came is told by the page's own parts, which try again
  if (session.data === undefined && !session.isError) return null;
  return <Live>{children}</Live>;
}

function Live({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  useEffect(() => {
    const stop = startLive(queries);
    window.addEventListener("pagehide", stop);
    return () => {
      window.removeEventListener("pagehide", stop);
      stop();
    };
  }, [queries]);
  return children;
}

function SignIn() {
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
