// One WebSocket for the whole page: reconnects from the last sequence it saw, so that nothing is lost or told twice.
import { BASE } from "../api/client";
import { type Frame, parseFrame } from "./frames";

export type Connection = "connecting" | "live" | "reconnecting";

const SILENCE_MS = 45_000; // the heartbeat comes every 15 s: three missed ones mean a dead line
const FIRST_DELAY_MS = 300;
const LAST_DELAY_MS = 8_000;
const BATCH_MS = 60;
/** Events that a page begins with: what is older is asked for by REST where it is shown. */
export const HISTORY = 3000;

export interface SocketEvents {
  frames: (frames: Frame[]) => void;
  connection: (connection: Connection) => void;
  reset: () => void;
}

export class LiveSocket {
  private socket: WebSocket | null = null;
  private last = 0;
  private delay = FIRST_DELAY_MS;
  private waiting: Frame[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;
  private readonly events: SocketEvents;
  private readonly topics: string;

  constructor(topics: string[], events: SocketEvents) {
    this.topics = topics.join(",");
    this.events = events;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    window.addEventListener("online", this.retryNow);
    this.open();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.retryNow);
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    clearTimeout(this.flushTimer);
    this.socket?.close();
    this.socket = null;
  }

  private readonly retryNow = (): void => {
    if (this.socket !== null || this.stopped) return;
    clearTimeout(this.retryTimer);
    this.open();
  };

  private open(): void {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    const after = this.last > 0 ? this.last : -1 - HISTORY;
    const query = new URLSearchParams({ after: String(after), topics: this.topics });
    const socket = new WebSocket(`${scheme}://${window.location.host}${BASE}/ws?${query}`);
    this.socket = socket;
    this.listenForSilence(socket);
    socket.onopen = () => {
      this.delay = FIRST_DELAY_MS;
      this.events.connection("live");
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      this.listenForSilence(socket);
      if (typeof message.data === "string") this.take(message.data);
    };
    socket.onclose = () => this.lost(socket);
  }

  private take(text: string): void {
    const frame = parseFrame(text);
    if (!frame) return;
    if ("lastSeq" in frame) {
      if (frame.lastSeq < this.last) this.startOver();
      return;
    }
    if ("fact" in frame) {
      if (frame.fact.seq <= this.last) return;
      this.last = frame.fact.seq;
    }
    this.waiting.push(frame);
    this.flushTimer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** The log is a new one: what was seen is of another life. */
  private startOver(): void {
    this.last = 0;
    this.waiting = [];
    this.events.reset();
    this.socket?.close();
  }

  /** Several frames are shown in one go: a replayed history must not redraw the page frame by frame. */
  private flush(): void {
    this.flushTimer = undefined;
    const frames = this.waiting;
    this.waiting = [];
    this.events.frames(frames);
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    clearTimeout(this.silenceTimer);
    this.socket = null;
    if (this.stopped) return;
    this.events.connection("reconnecting");
    this.retryTimer = setTimeout(() => this.open(), this.delay * (0.75 + Math.random() / 2));
    this.delay = Math.min(this.delay * 2, LAST_DELAY_MS);
  }

  private listenForSilence(socket: WebSocket): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => {
      socket.onclose = null; // a dead line may take minutes to close
      socket.close();
      this.lost(socket);
    }, SILENCE_MS);
  }
}
