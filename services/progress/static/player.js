// The player: one courseware, its media, its study session and what the learner sees of them.

import { Activity } from "./activity.js";
import { Failure } from "./http.js";
import { Lease } from "./lease.js";
import { openMedia } from "./media.js";
import { Question } from "./question.js";
import { openQueue } from "./queue.js";
import { reasonOf } from "./reason.js";
import { Restart } from "./restart.js";
import { sendLeftOvers } from "./sender.js";
import { sparing } from "./sparing.js";
import { View } from "./view.js";

const RECORD_EVERY_SECONDS = 60;

class Player {
  server = null; // what the server said last
  waiting = 0; // beats that wait for the network
  wasPlaying = false; // when something took the learner away from the video
  seconds = 0;

  constructor(root, queue) {
    this.root = root;
    this.queue = queue;
    this.maxRate = Number(root.dataset.maxRate);
    this.view = new View(root);
    this.activity = new Activity(Number(root.dataset.idleLimit), () => this.returned());
    this.media = openMedia(root, this.activity);
    this.media.resumeAt(Number(root.dataset.position));
    this.media.onChange(() => this.changed());
    this.idleDialog = root.querySelector('[data-part="still-there"]');
    this.lease = this.#lease(root.dataset.courseware);
    this.question = this.#question();
    const dialog = root.querySelector('[data-part="restart"]');
    this.restart = new Restart(dialog, (seconds) => this.startAgain(seconds));
  }

  #lease(coursewareId) {
    return new Lease(coursewareId, this.media, this.activity, this.queue, {
      onState: (state) => this.hear(state),
      onWaiting: (count) => this.wait(count),
      onTrouble: () => this.show(),
    });
  }

  #question() {
    return new Question(this.root.querySelector('[data-part="question"]'), {
      onAsked: () => this.interrupt(),
      onDone: (byHand) => this.goOn(byHand),
      send: (body, isAgain) => this.#answer(body, isAgain),
      look: () => this.study?.look(),
    });
  }

  // After an outage the beats go first: they tell the server how long the question had to wait.
  async #answer(body, isAgain) {
    const { study } = this;
    if (!study) throw new Failure(0); // between two sessions; sent again
    if (isAgain || this.waiting > 0) await study.settle();
    return study.answer(body);
  }

  start() {
    this.#everySecond();
    document.addEventListener("visibilitychange", () => this.seen());
    document.addEventListener("freeze", () => this.study?.sleep());
    document.addEventListener("resume", () => this.lease.wake());
    addEventListener("online", () => this.wake());
    addEventListener("pagehide", () => this.lease.leave());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
    this.root.addEventListener("click", (event) => this.act(event));
    this.root.addEventListener("submit", (event) => this.complete(event));
    this.idleDialog.addEventListener("close", () => this.back());
    this.wake();
  }

  // Where no worker runs, a clock that hidden pages slow down is better than none.
  #everySecond() {
    const worker = new Worker(new URL("./tick-worker.js", import.meta.url));
    worker.onmessage = () => this.tick();
    worker.onerror = () => setInterval(() => this.tick(), 1000);
  }

  get study() {
    return this.lease.study;
  }

  get visible() {
    return document.visibilityState === "visible";
  }

  // Something must be read and answered before the media goes on.
  get blocked() {
    return this.question.open || this.restart.open;
  }

  wake() {
    sendLeftOvers(this.queue);
    this.lease.wake();
  }

  hear(state) {
    const before = this.server;
    this.server = state;
    this.lease.hear(state);
    if (this.restart.hear(state.restart)) {
      this.question.close();
      this.interrupt();
      this.view.confirm(state.credited_seconds, true);
    } else {
      this.question.hear(state.question);
    }
    this.#confirm(state);
    if (this.lease.trouble === "taken") this.rest();
    if (before && newsOf(before) !== newsOf(state)) this.view.refresh();
    this.show();
  }

  // The learner went on elsewhere: nothing runs or is asked here.
  rest() {
    this.question.close();
    this.wasPlaying = false;
    this.media.pause();
  }

  #confirm({ state, credited_seconds: seconds }) {
    const isSettled = !["counting", "silent"].includes(state) && this.waiting === 0;
    this.view.confirm(seconds, isSettled);
  }

  wait(count) {
    this.waiting = count;
    this.view.waiting(count);
    this.show();
  }

  tick() {
    this.seconds += 1;
    this.study?.tick();
    this.question.tick(this.waiting > 0 || !navigator.onLine || !this.study);
    if (this.#isDeserted) this.nobodyThere();
    const every = RECORD_EVERY_SECONDS * (sparing() ? 3 : 1);
    if (this.seconds % every === 0 && this.visible) this.view.refresh();
    this.show();
    const isCounting = ["counting", "soon"].includes(this.view.state);
    this.view.tick(isCounting, this.study?.session.beat_interval_seconds ?? 15);
  }

  get #isDeserted() {
    const isFull = this.server?.missing?.seconds === 0;
    const isStudying = this.visible && this.media.playing && !this.blocked && !isFull;
    return this.activity.idle && isStudying;
  }

  changed() {
    this.study?.change();
    if (this.blocked) this.media.pause(); // a key on the keyboard may start it
    this.show();
  }

  async studyHere() {
    await this.lease.take();
    if (this.study) this.play();
  }

  play() {
    if (!this.blocked) this.media.play();
  }

  interrupt() {
    this.#remember();
    this.media.comeForward();
    this.media.pause();
    if (this.idleDialog.open) this.idleDialog.close("interrupted");
    this.study?.change();
    this.show();
  }

  // The video never starts by itself: only after a press, or where it was interrupted.
  goOn(byHand) {
    if (this.blocked) return;
    if (byHand || this.wasPlaying) this.play();
    this.wasPlaying = false;
  }

  #remember() {
    this.wasPlaying ||= this.media.playing && !this.media.document;
  }

  startAgain(seconds) {
    this.wasPlaying = false;
    this.media.playFrom(seconds);
    this.view.refresh();
    this.study?.look();
    this.show();
  }

  // Hidden pages do not count (P-3): the video waits and goes on when the learner is back.
  seen() {
    if (!this.visible) {
      this.#remember();
      this.study?.change();
      this.media.pause();
    } else {
      this.study?.change();
      this.lease.wake();
      if (!this.activity.idle) this.goOn(false);
    }
    this.show();
  }

  nobodyThere() {
    if (this.idleDialog.open) return;
    this.media.comeForward();
    this.media.pause();
    this.idleDialog.showModal();
  }

  // A document goes on by itself when the learner does; a video waits for the button.
  returned() {
    this.study?.returned();
    if (this.media.document) this.idleDialog.close();
  }

  back() {
    const isInterrupted = this.idleDialog.returnValue === "interrupted";
    this.idleDialog.returnValue = "";
    if (isInterrupted) return;
    this.activity.note();
    this.play();
    this.study?.change();
    this.show();
  }

  act(event) {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "play") this.play();
    if (act === "again") this.media.playFrom(0);
    if (act === "here") this.idleDialog.close();
    if (act === "take") this.studyHere();
    if (act === "rate") this.media.rate = 1;
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

  show() {
    const left = Math.max(0, Math.ceil(this.activity.limitSeconds - this.activity.idleSeconds));
    this.view.explain(reasonOf(this), { left });
  }
}

// What the panels that the server draws depend on.
function newsOf({ state, missing, restart }) {
  return [state, missing?.seconds === 0, missing?.question, restart?.at].join();
}

const root = document.querySelector("[data-player]");
if (root) new Player(root, await openQueue()).start();
