// Ten lines of Python that print every event, past and future: pure. A test runs them as the page shows them.
import type { ReaderAccount } from "../../api/rest.gen";

export function subscriber({ url, user, password, stream }: ReaderAccount): string {
  const text = (value: string) => JSON.stringify(value); // JSON's strings are Python's, too
  return `import asyncio, json, nats

async def main():
    nc = await nats.connect(${text(url)}, user=${text(user)},
                            password=${text(password)})
    log = await nc.jetstream().subscribe("evt.>", stream=${text(stream)}, ordered_consumer=True)
    async for message in log.messages:
        event = json.loads(message.data)
        print(message.metadata.sequence.stream, event["type"], event["subject"], flush=True)

asyncio.run(main())
`;
}

export function serverSent(origin: string, base: string, after: number, topics: string): string {
  const query = new URLSearchParams({ after: String(after), topics });
  return `curl -N -H 'Accept: text/event-stream' '${origin}${base}/events?${query}'`;
}
