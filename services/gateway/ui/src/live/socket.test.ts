// The one socket: begins with the newest, resumes from the last sequence without gap or double, starts over with a new log.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Frame } from "./frames";
import { type Connection, HISTORY, LiveSocket } from "./socket";

class Line {
  static all: Line[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly url: URL;

  constructor(url: string) {
    this.url = new URL(url);
    Line.all.push(this);
  }

  get after(): number {
    return Number(this.url.searchParams.get("after"));
  }

  tell(...seqs: number[]): void {
    for (const seq of seqs) this.say({ type: "training.started.v1", subject: "a", seq, data: {} });
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(): void {
    this.onclose?.();
  }
}

let seen: number[] = [];
let states: Connection[] = [];
let resets = 0;
let socket: LiveSocket;

const line = () => Line.all.at(-1) as Line;

beforeEach(() => {
  vi.useFakeTimers();
  [Line.all, seen, states, resets] = [[], [], [], 0];
  vi.stubGlobal("WebSocket", Line);
  vi.stubGlobal("window", {
    location: { protocol: "http:", host: "h" },
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  });
  socket = new LiveSocket(["training.>"], {
    frames: (frames: Frame[]) => seen.push(...frames.flatMap((each) => ("fact" in each ? [each.fact.seq] : []))),
    connection: (now) => states.push(now),
    reset: () => {
      resets += 1;
    },
  });
  socket.start();
  line().onopen?.();
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it begins with the newest part of the log, not with all of it", () => {
  expect(line().after).toBe(-1 - HISTORY);
});

test("after a break it goes on from the last one seen: nothing is missing, nothing is told twice", () => {
  line().tell(7, 8);
  line().close();
  expect(states).toEqual(["live", "reconnecting"]);
  vi.advanceTimersByTime(1000);
  expect(Line.all).toHaveLength(2);
  expect(line().after).toBe(8);
  line().onopen?.();
  line().tell(8, 9, 9, 10);
  vi.advanceTimersByTime(100);
  expect(seen).toEqual([7, 8, 9, 10]);
  expect(states.at(-1)).toBe("live");
});

test("a line that says nothing any more is given up, and a late word of it changes nothing", () => {
  const dead = line();
  dead.tell(3);
  vi.advanceTimersByTime(46_000);
  expect(states.at(-1)).toBe("reconnecting");
  vi.advanceTimersByTime(1000);
  expect(line()).not.toBe(dead);
  expect(line().after).toBe(3);
  dead.close();
  expect(Line.all).toHaveLength(2);
});

test("where the gateway stays away it is tried again, ever more patiently", () => {
  for (let i = 0; i < 8; i += 1) {
    line().close();
    vi.advanceTimersByTime(11_000);
  }
  expect(Line.all).toHaveLength(9);
  line().close();
  vi.advanceTimersByTime(5_000);
  expect(Line.all).toHaveLength(9); // not sooner than three quarters of eight seconds
});

test("a log that is shorter than what was seen is another one: the page starts over", () => {
  line().tell(50);
  line().say({ type: "heartbeat", data: { last_seq: 2 } });
  expect(resets).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(line().after).toBe(-1 - HISTORY);
});
