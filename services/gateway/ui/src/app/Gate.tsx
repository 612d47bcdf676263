// Shows the page to those whom the gateway knows, and asks the others for a token.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, lazy, useEffect } from "react";
import { useSession } from "../api/session";
import { startLive } from "../live/store";

const SignIn = lazy(async () => ({ default: (await import("./SignIn")).SignIn }));

export function Gate({ children }: { children: ReactNode }) {
  const session = useSession();
  if (session.data === null) {
    return (
      <Suspense>
        <SignIn />
      </Suspense>
    );
  }
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
