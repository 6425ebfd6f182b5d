// Sends the beats of one session in order, again and again until the server has confirmed them.

import { post } from "./http.js";

const HEARTBEATS = "/api/progress/heartbeats";
const BATCH = 200; // the most that one request may hold
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export class Sender {
  #unsent = []; // what the queue holds of this session, at hand when the page must go at once
  #busy = null;
  #timer = null;
  #waitMs = 0;

  // onWaiting(count): beats wait for the network, or none does any more.
  // onLost(): the server does not know the session any more.
  // freshen(): make one more beat, so that the last of a late batch speaks of now.
  constructor(session, queue, { onWaiting, onLost, freshen }) {
    this.session = session;
    this.queue = queue;
    this.hooks = { onWaiting, onLost, freshen };
    holdSession(session.session_id);
  }

  async add(beat) {
    const { session_id: sessionId, session_token: sessionToken } = this.session;
    const entry = { sessionId, sessionToken, seq: beat.seq, beat };
    this.#unsent.push(entry);
    await this.queue.add(entry);
  }

  // Resolves once everything is confirmed, or after one failure; while waiting, does nothing.
  flush() {
    if (this.#timer !== null) return Promise.resolve();
    this.#busy ??= this.#sendAll().finally(() => {
      this.#busy = null;
    });
    return this.#busy;
  }

  // The network is back, or somebody cannot wait: try now.
  hurry() {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.hooks.freshen();
  }

  // The page goes away: hand everything to the browser, which sends it without the page.
  leave() {
    clearTimeout(this.#timer);
    const beats = this.#unsent.slice(-BATCH).map((entry) => entry.beat);
    const body = JSON.stringify({ session_token: this.session.session_token, beats });
    navigator.sendBeacon(HEARTBEATS, new Blob([body], { type: "application/json" }));
    const path = `/api/progress/sessions/${this.session.session_id}`;
    fetch(path, { method: "DELETE", keepalive: true }).catch(() => {});
  }

  async #sendAll() {
    while (this.#unsent.length > 0) {
      if (!(await this.#send(this.#unsent.slice(0, BATCH)))) return;
    }
    this.hooks.onWaiting(0);
  }

  async #send(entries) {
    const beats = entries.map((entry) => entry.beat);
    try {
      await post(HEARTBEATS, { session_token: this.session.session_token, beats });
    } catch (failure) {
      return this.#failed(entries, failure);
    }
    this.#waitMs = 0;
    await this.#forget(entries);
    return true;
  }

  async #failed(entries, failure) {
    if (failure.passing) {
      this.#tryLater(failure.retryAfterSeconds);
      this.hooks.onWaiting(this.#unsent.length);
      return false;
    }
    if (failure.status === 401 || failure.status === 404) {
      await this.#forget([...this.#unsent]);
      this.hooks.onLost();
      return false;
    }
    console.error("beats were refused", failure.status);
    await this.#forget(entries);
    return true;
  }

  #tryLater(seconds) {
    this.#waitMs = Math.min(Math.max(2 * this.#waitMs, FIRST_WAIT_MS), LONGEST_WAIT_MS);
    const wait = seconds ? 1000 * seconds : this.#waitMs;
    this.#timer = setTimeout(() => this.hurry(), wait * (0.8 + 0.4 * Math.random()));
  }

  async #forget(entries) {
    this.#unsent = this.#unsent.filter((entry) => !entries.includes(entry));
    await this.queue.remove(entries);
  }
}

// Beats left by pages that were closed or crashed; another open page keeps its own.
export async function sendLeftOvers(queue) {
  for (const sessionId of await queue.leftOvers()) {
    await navigator.locks?.request(lockOf(sessionId), { ifAvailable: true }, async (lock) => {
      if (lock !== null) await sendLeftOver(queue, await queue.take(sessionId, BATCH));
    });
  }
}

async function sendLeftOver(queue, entries) {
  const beats = entries.map((entry) => entry.beat);
  try {
    if (beats.length) await post(HEARTBEATS, { session_token: entries[0].sessionToken, beats });
  } catch (failure) {
    if (failure.passing) return;
  }
  await queue.remove(entries);
}

// Held for as long as the page lives.
function holdSession(sessionId) {
  navigator.locks?.request(lockOf(sessionId), () => new Promise(() => {}));
}

function lockOf(sessionId) {
  return `study-session-${sessionId}`;
}
