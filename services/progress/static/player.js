// The player: one courseware, its media, its study session and what the learner sees of them.

import { Activity } from "./activity.js";
import { openMedia } from "./media.js";
import { openQueue } from "./queue.js";
import { sendLeftOvers } from "./sender.js";
import { Study } from "./study.js";
import { View } from "./view.js";

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
const RECORD_EVERY_SECONDS = 60;

class Player {
  study = null;
  server = null; // what the server said last
  waiting = 0;
  wasPlaying = false;
  trouble = "opening";
  seconds = 0;
  waitMs = FIRST_WAIT_MS;

  constructor(root, queue) {
    this.root = root;
    this.queue = queue;
    this.view = new View(root);
    this.activity = new Activity(Number(root.dataset.idleLimit), () => this.returned());
    this.media = openMedia(root, this.activity);
    this.media.resumeAt(Number(root.dataset.position));
    this.media.onChange(() => this.changed());
    this.idleDialog = root.querySelector("dialog");
  }

  start() {
    const worker = new Worker(new URL("./tick-worker.js", import.meta.url));
    worker.onmessage = () => this.tick();
    document.addEventListener("visibilitychange", () => this.seen());
    addEventListener("online", () => this.study?.sender.hurry());
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.open());
    this.root.addEventListener("click", (event) => this.act(event));
    this.root.addEventListener("submit", (event) => this.complete(event));
    this.idleDialog.addEventListener("close", () => this.back());
    sendLeftOvers(this.queue);
    return this.open();
  }

  // Opens a session, and tries again until the platform answers.
  async open() {
    if (this.study || this.opening) return;
    this.opening = true;
    const hooks = {
      onState: (state) => this.hear(state),
      onWaiting: (count) => this.wait(count),
      onLost: () => this.reopen(),
    };
    const id = this.root.dataset.courseware;
    try {
      this.study = await Study.open(id, this.media, this.activity, this.queue, hooks);
      this.waitMs = FIRST_WAIT_MS;
      this.hear(this.study.session);
      this.trouble = null;
    } catch (failure) {
      this.failed(failure);
    } finally {
      this.opening = false;
    }
    this.show();
  }

  failed(failure) {
    this.trouble = failure.status === 401 ? "signed_out" : "no_session";
    if (failure.status === 429) this.trouble = "too_many";
    if (!failure.passing) return;
    setTimeout(() => this.open(), (failure.retryAfterSeconds ?? 0) * 1000 || this.waitMs);
    this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
  }

  reopen() {
    this.study?.drop();
    this.study = null;
    this.trouble = "opening";
    setTimeout(() => this.open(), 500);
  }

  finish() {
    this.study?.drop();
    this.study = null;
  }

  leave() {
    this.study?.leave();
    this.study = null;
  }

  hear(state) {
    const before = this.server;
    this.server = state;
    if (state.credited_seconds !== undefined) {
      const settled = !["counting", "silent"].includes(state.state) && this.waiting === 0;
      this.view.confirm(state.credited_seconds, settled);
    }
    if (state.state === "ended" && this.study) this.reopen();
    if (state.state === "completed") this.finish();
    const full = (one) => one?.missing && one.missing.seconds === 0;
    if (before && (before.state !== state.state || full(before) !== full(state))) {
      this.view.refresh();
    }
    this.show();
  }

  wait(count) {
    this.waiting = count;
    this.view.waiting(count);
    this.show();
  }

  get interval() {
    return this.study?.session.beat_interval_seconds ?? 15;
  }

  tick() {
    this.seconds += 1;
    this.study?.tick();
    if (this.activity.idle && this.visible && this.media.playing && !this.enough) {
      this.nobodyThere();
    }
    if (this.seconds % RECORD_EVERY_SECONDS === 0 && this.visible) this.view.refresh();
    this.show();
    this.view.tick(this.reason() === "counting" || this.reason() === "soon", this.interval);
  }

  get visible() {
    return document.visibilityState === "visible";
  }

  changed() {
    this.study?.change();
    this.show();
  }

  // Hidden pages do not count (P-3): the video waits and goes on when the learner is back.
  seen() {
    if (!this.visible) {
      this.wasPlaying = this.media.playing && !this.media.document;
      this.study?.change();
      this.media.pause();
    } else {
      this.study?.change();
      if (this.wasPlaying && !this.activity.idle) this.media.play();
      this.wasPlaying = false;
    }
    this.show();
  }

  nobodyThere() {
    if (this.idleDialog.open) return;
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    this.media.pause();
    this.idleDialog.showModal();
  }

  // A document goes on by itself when the learner does; a video waits for the button.
  returned() {
    this.study?.returned();
    if (this.media.document) this.idleDialog.close();
  }

  back() {
    this.activity.note();
    this.media.play();
    this.study?.change();
    this.show();
  }

  act(event) {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "play") this.media.play();
    if (act === "again") this.media.restart();
    if (act === "here") this.idleDialog.close();
    if (act === "reload") location.reload();
  }

  // 「学过了」 is an ordinary form; what waits in the page is sent before it.
  async complete(event) {
    if (!event.target.matches("[data-complete]") || this.leaving) return;
    event.preventDefault();
    this.leaving = true;
    const soon = new Promise((resolve) => setTimeout(resolve, 3000));
    await Promise.race([this.study?.settle().catch(() => {}), soon]);
    event.target.submit();
  }

  // Why the clock stands still; what the page knows itself comes before what the server said.
  reason() {
    const state = this.server?.state;
    if (state === "completed") return "completed";
    if (this.media.failed) return "broken";
    if (this.trouble) return this.trouble;
    if (state === "suspended") return "suspended";
    if (this.enough) return "enough";
    if (this.activity.idle) return "idle";
    if (!this.visible) return "hidden";
    if (this.media.ended) return "ended";
    if (!this.media.playing) return "paused";
    if (this.waiting > 0) return "network";
    if (state === "too_fast") return "too_fast";
    return this.idleSoon ? "soon" : "counting";
  }

  get enough() {
    return this.server?.missing?.seconds === 0;
  }

  get idleSoon() {
    const { idleSeconds, limitSeconds } = this.activity;
    return limitSeconds - idleSeconds <= Math.min(30, limitSeconds / 3);
  }

  show() {
    const left = Math.max(0, Math.ceil(this.activity.limitSeconds - this.activity.idleSeconds));
    this.view.explain(this.reason(), { left });
  }
}

const root = document.querySelector("[data-player]");
if (root) new Player(root, await openQueue()).start();
