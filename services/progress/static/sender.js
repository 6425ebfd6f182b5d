// Sends the beats of one session in order, again and again until the server has confirmed them.

import { post } from "./http.js";
import { isTooOld } from "./queue.js";

const HEARTBEATS = "/api/progress/heartbeats";
const BATCH = 200; // the most that one request may hold
const BEACON_CHARACTERS = 60_000; // browsers take 64 KB from a page that goes away
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export class Sender {
  #unsent = []; // what the queue holds of this session, at hand when the page must go at once
  #busy = null;
  #timer = null;
  #waitMs = 0;
  #release;

  // onWaiting(count): beats wait for the network, or none does any more.
  // onLost(): the server does not know the session any more.
  constructor(session, queue, { onWaiting, onLost }) {
    this.session = session;
    this.queue = queue;
    this.hooks = { onWaiting, onLost };
    this.#release = holdSession(session.session_id);
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
    clearTimeout(this.#timer);
    this.#timer = null;
    return this.flush();
  }

  // The page goes to sleep or away: hand the last beats to the browser, which sends them without
  // the page. What does not fit stays in the queue for the next page; twice counts once.
  beacon() {
    const entries = lastThatFit(this.#unsent);
    if (entries.length === 0) return;
    const body = JSON.stringify(bodyOf(this.session.session_token, entries));
    navigator.sendBeacon(HEARTBEATS, new Blob([body], { type: "application/json" }));
  }

  // For good. The lock goes too, so that another page may send what is left.
  leave() {
    clearTimeout(this.#timer);
    this.beacon();
    const path = `/api/progress/sessions/${this.session.session_id}`;
    fetch(path, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#release();
  }

  async #sendAll() {
    await this.#forget(this.#unsent.filter(isTooOld));
    while (this.#unsent.length > 0) {
      if (!(await this.#send(this.#unsent.slice(0, BATCH)))) return;
    }
    this.hooks.onWaiting(0);
  }

  async #send(entries) {
    try {
      await postBeats(this.session.session_token, entries);
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
      if (lock !== null) await sendAllOf(queue, sessionId);
    });
  }
}

// Oldest first, until none is left or the network says no.
async function sendAllOf(queue, sessionId) {
  for (;;) {
    const entries = await queue.take(sessionId, BATCH);
    if (entries.length === 0) return;
    try {
      await postBeats(entries[0].sessionToken, entries);
    } catch (failure) {
      if (failure.passing) return;
    }
    if ((await queue.remove(entries)) !== true) return;
  }
}

function postBeats(token, entries) {
  return post(HEARTBEATS, bodyOf(token, entries));
}

// `sent_at` tells the server how long the beats have waited, also those of an old batch.
function bodyOf(token, entries) {
  const beats = entries.map((entry) => entry.beat);
  return { session_token: token, sent_at: new Date().toISOString(), beats };
}

function lastThatFit(entries) {
  let room = BEACON_CHARACTERS;
  const fits = (entry) => (room -= JSON.stringify(entry.beat).length + 1) > 0;
  const tooEarly = entries.slice(-BATCH).findLastIndex((entry) => !fits(entry));
  return entries.slice(-BATCH).slice(tooEarly + 1);
}

// Held until the answer is called, or the page dies.
function holdSession(sessionId) {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  navigator.locks?.request(lockOf(sessionId), () => held);
  return release;
}

function lockOf(sessionId) {
  return `study-session-${sessionId}`;
}
