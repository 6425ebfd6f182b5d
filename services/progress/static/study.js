// One study session: opened, beating, listening to the server, left. Counts no time itself (P-2).

import { request } from "./http.js";
import { Sender } from "./sender.js";

const SESSIONS = "/api/progress/sessions";
const STREAM_AGAIN_MS = 30_000;
const SETTLE_TRIES = 10;

export class Study {
  #seq = 0;
  #beatenMs = 0;
  #flags;
  #stream = null;
  #polling = null;

  // hooks: onState(state), onWaiting(count), onLost()
  constructor(session, media, activity, queue, hooks) {
    this.session = session;
    this.media = media;
    this.activity = activity;
    this.hooks = hooks;
    this.sender = new Sender(session, queue, {
      onWaiting: hooks.onWaiting,
      onLost: hooks.onLost,
      freshen: () => this.beat(),
    });
    this.#flags = this.#now();
    this.#listen();
    this.beat();
  }

  static async open(coursewareId, ...rest) {
    const session = await request("POST", SESSIONS, { courseware_id: coursewareId });
    return new Study(session, ...rest);
  }

  // Once a second, from a clock that no browser slows down.
  tick() {
    const since = Date.now() - this.#beatenMs;
    if (since >= 1000 * this.session.beat_interval_seconds - 100) this.beat();
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
      const state = await request("GET", `${SESSIONS}/${this.session.session_id}`);
      if (state.last_seq >= last) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  leave() {
    this.#stop();
    this.sender.add(this.#make(this.#flags, this.media.position));
    this.sender.leave();
  }

  // The server has ended the session: nothing more is said in it.
  drop() {
    this.#stop();
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
    const path = `${SESSIONS}/${this.session.session_id}`;
    this.#stream = new EventSource(`${path}/events`);
    this.#stream.addEventListener("state", (event) => this.hooks.onState(JSON.parse(event.data)));
    this.#stream.addEventListener("open", () => this.#poll(false));
    this.#stream.addEventListener("error", () => {
      this.#poll(true);
      if (this.#stream?.readyState !== EventSource.CLOSED) return;
      this.again = setTimeout(() => this.#listen(), STREAM_AGAIN_MS);
    });
  }

  // Without the stream, ask once a beat.
  #poll(wanted) {
    if (wanted === (this.#polling !== null)) return;
    clearInterval(this.#polling);
    this.#polling = null;
    if (!wanted) return;
    const ask = async () => {
      try {
        const state = await request("GET", `${SESSIONS}/${this.session.session_id}`);
        this.hooks.onState(state);
      } catch (failure) {
        if (failure.status === 404) this.hooks.onLost();
      }
    };
    this.#polling = setInterval(ask, 1000 * this.session.beat_interval_seconds);
    ask();
  }

  #stop() {
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.again);
    clearInterval(this.#polling);
    this.#polling = null;
  }
}

function same(one, other) {
  return Object.keys(one).every((name) => one[name] === other[name]);
}
