// The word that shows the gateway that a change was meant by this page: from a cookie that only we can read.

export function csrfWord(): string | null {
  const found = /(?:^|; )shirushi_csrf=([^;]*)/.exec(document.cookie);
  return found?.[1] ?? null;
}

export function csrfHeader(): Record<string, string> {
  const word = csrfWord();
  return word === null ? {} : { "X-CSRF-Token": word };
}
