// One study session: opened, beating, listening to the server, left. Counts no time itself (P-2).

import { request } from "./http.js";
import { Sender } from "./sender.js";
import { sparing } from "./sparing.js";

const SESSIONS = "/api/progress/sessions";
const STREAM_AGAIN_MS = 30_000;
const SETTLE_TRIES = 10;

export class Study {
  #seq = 0;
  #beatenMs = 0;
  #flags;
  #stream = null;
  #polling = null;
  #over = false;

  // hooks: onState(state), onWaiting(count), onLost()
  constructor(session, media, activity, queue, hooks) {
    this.session = session;
    this.media = media;
    this.activity = activity;
    this.hooks = hooks;
    this.sender = new Sender(session, queue, {
      onWaiting: (count) => this.#over || hooks.onWaiting(count),
      onLost: () => this.#over || hooks.onLost(),
    });
    this.#flags = this.#now();
    this.#listen();
    this.beat();
  }

  // `studyHere`: the learner's other sessions end, on whatever device (P-4).
  static async open(coursewareId, studyHere, ...rest) {
    const wish = { courseware_id: coursewareId, ...(studyHere && { study_here: true }) };
    return new Study(await request("POST", SESSIONS, wish), ...rest);
  }

  get #path() {
    return `${SESSIONS}/${this.session.session_id}`;
  }

  // Once a second, from a clock that no browser slows down. After a sleep it is late, and after
  // somebody set the computer's clock back it comes before the last beat.
  tick() {
    const since = Date.now() - this.#beatenMs;
    const interval = 1000 * this.session.beat_interval_seconds;
    if (since >= 0 && since < interval - 100) return;
    this.beat();
    if (since > 2 * interval) this.wake();
  }

  // After a sleep, or when the network is back: send what waits, and ask what was missed.
  wake() {
    this.sender.hurry();
    this.look();
    if (this.#stream?.readyState === EventSource.CLOSED) this.#listen();
  }

  // The browser may stop the page at any moment; the session stays.
  sleep() {
    this.sender.add(this.#make(this.#flags, this.media.position));
    this.sender.beacon();
  }

  // What the server says now, when it answers.
  async look() {
    try {
      this.#tell(await request("GET", this.#path));
    } catch (failure) {
      if (failure.status === 404 && !this.#over) this.hooks.onLost();
    }
  }

  // The server's verdict on the answer to a question (P-5).
  answer(body) {
    return request("POST", `${this.#path}/answers`, body);
  }

  // Something changed: close the stretch that ends with what was true in it, open the next.
  change() {
    const now = this.#now();
    if (same(now, this.#flags) && !this.#jumped()) return;
    const closing = this.#make(this.#flags, this.media.position);
    this.#flags = now;
    const opening = this.#make(now, this.media.target);
    this.#send(closing, opening);
  }

  // The learner came back: the idle stretch ends here, before the clock of idleness starts again.
  returned() {
    this.#send(this.#make(this.#flags, this.media.position));
  }

  beat() {
    this.#beatenMs = Date.now();
    return this.#send(this.#make(this.#flags, this.media.position));
  }

  // Resolves when the server has counted everything up to now, or has had enough time for it.
  async settle() {
    this.sender.hurry();
    await this.beat();
    const last = this.#seq - 1;
    for (let tries = 0; tries < SETTLE_TRIES; tries += 1) {
      const state = await request("GET", this.#path);
      if (state.last_seq >= last) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  // The page goes away.
  leave() {
    this.drop();
    this.sender.add(this.#make(this.#flags, this.media.position));
    this.sender.leave();
  }

  // The page stays, the session ends.
  async close() {
    this.drop();
    await this.beat();
    await request("DELETE", this.#path).catch(() => {});
  }

  // The server has ended the session. What waits is still sent; nothing more is heard.
  drop() {
    this.#over = true;
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.again);
    this.#poll(false);
  }

  #tell(state) {
    if (!this.#over) this.hooks.onState(state);
  }

  #jumped() {
    return Math.abs(this.media.target - this.media.position) > 0.5;
  }

  #now() {
    return {
      playing: this.media.playing,
      visible: document.visibilityState === "visible",
      playback_rate: this.media.rate,
    };
  }

  #make(flags, position) {
    return {
      ...flags,
      seq: this.#seq++,
      at: new Date().toISOString(),
      position_seconds: Math.round(position * 1000) / 1000,
      idle_seconds: Math.round(this.activity.idleSeconds * 10) / 10,
    };
  }

  async #send(...beats) {
    await Promise.all(beats.map((beat) => this.sender.add(beat)));
    await this.sender.flush();
  }

  #listen() {
    clearTimeout(this.again);
    this.#stream = new EventSource(`${this.#path}/events`);
    this.#stream.addEventListener("state", (event) => this.#tell(JSON.parse(event.data)));
    this.#stream.addEventListener("open", () => this.#poll(false));
    this.#stream.addEventListener("error", () => {
      this.#poll(true);
      if (this.#stream?.readyState !== EventSource.CLOSED) return;
      this.again = setTimeout(() => this.#listen(), STREAM_AGAIN_MS);
    });
  }

  // Without the stream, ask once a beat; to spare a telephone, once in two.
  #poll(wanted) {
    if (wanted === (this.#polling !== null)) return;
    clearInterval(this.#polling);
    this.#polling = null;
    if (!wanted) return;
    const everyMs = 1000 * this.session.beat_interval_seconds * (sparing() ? 2 : 1);
    this.#polling = setInterval(() => this.look(), everyMs);
    this.look();
  }
}

function same(one, other) {
  return Object.keys(one).every((name) => one[name] === other[name]);
}
