// Who this browser is for the gateway: signed in by a token, or anybody where none is asked for.
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, post, remove } from "./client";
import { csrfWord } from "./csrf";
import type { Caller } from "./rest.gen";

export type Session = Caller;

const KEY = ["session"];

/** null = the gateway asks for a token. */
export const sessionQuery = queryOptions({
  queryKey: KEY,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await get<Session>("/session", signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

export function useSession() {
  return useQuery(sessionQuery);
}

export function useSignIn(): (token: string) => Promise<void> {
  const queries = useQueryClient();
  return async (token) => {
    queries.setQueryData(KEY, await post<Session>("/session", { token }));
  };
}

/** Everything that was shown is forgotten with the page. */
export async function signOut(): Promise<void> {
  if (csrfWord() !== null) await remove("/session");
  window.location.reload();
}
