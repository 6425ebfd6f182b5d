// The page's right to study: one session, opened, opened again when it was lost, given up when
// the learner studies elsewhere (P-4). A page that nobody sees opens none: it would only stop the
// clock of the page in front.

import { Study } from "./study.js";

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
const AGAIN_MS = 500;

export class Lease {
  study = null;
  trouble = "opening"; // why there is no session: one of the sentences of the page, or null
  #isOpening = false;
  #isOver = false;
  #studyHere = false;
  #waitMs = FIRST_WAIT_MS;
  #timer = null;

  // hooks: onState(state), onWaiting(count), onTrouble(): no session, or one again
  constructor(coursewareId, media, activity, queue, hooks) {
    this.coursewareId = coursewareId;
    this.given = [media, activity, queue];
    this.hooks = hooks;
  }

  // Opens a session, and tries again until the platform answers.
  async open() {
    const mayNot = this.#isOver || this.trouble === "taken" || !isSeen();
    if (this.study || this.#isOpening || mayNot) return;
    clearTimeout(this.#timer);
    this.#isOpening = true;
    try {
      const hooks = { ...this.hooks, onLost: () => this.#again() };
      this.study = await Study.open(this.coursewareId, this.#studyHere, ...this.given, hooks);
      this.#opened();
    } catch (failure) {
      this.#failed(failure);
    } finally {
      this.#isOpening = false;
    }
    this.hooks.onTrouble();
  }

  // The network, the page or the learner is back.
  wake() {
    if (this.study) this.study.wake();
    else this.open();
  }

  // "Study here": this page's session ends, and with a new one all others, too.
  async take() {
    const before = this.#giveUp("opening");
    this.#studyHere = true;
    this.hooks.onTrouble();
    await before?.close();
    await this.open();
  }

  // The server's word on the session. An ended one is opened again, unless the learner went on
  // elsewhere.
  hear({ state, ended_by: endedBy }) {
    if (state === "completed") {
      this.#isOver = true;
      this.#giveUp(null)?.drop();
    }
    if (state === "ended" && endedBy === "refunded") this.#refunded();
    else if (state === "ended" && endedBy === "taken") this.#giveUp("taken")?.drop();
    else if (state === "ended") this.#again();
  }

  // The page itself says that this hour was refunded.
  #refunded() {
    this.#isOver = true;
    this.#giveUp(null)?.drop();
    location.reload();
  }

  leave() {
    if (this.study) this.#giveUp("opening").leave();
  }

  #opened() {
    this.trouble = null;
    this.#studyHere = false;
    this.#waitMs = FIRST_WAIT_MS;
    this.hooks.onWaiting(0);
    this.hooks.onState(this.study.session);
  }

  #failed(failure) {
    this.trouble = failure.status === 401 ? "signed_out" : "no_session";
    if (failure.status === 429) this.trouble = "too_many";
    if (!failure.passing) return;
    const waitMs = (failure.retryAfterSeconds ?? 0) * 1000 || this.#waitMs;
    this.#timer = setTimeout(() => this.open(), waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }

  #again() {
    this.#giveUp("opening")?.drop();
    this.#timer = setTimeout(() => this.open(), AGAIN_MS);
  }

  // The session that was, which the caller ends in one way or another.
  #giveUp(trouble) {
    clearTimeout(this.#timer);
    const before = this.study;
    this.study = null;
    this.trouble = trouble;
    return before;
  }
}

function isSeen() {
  return document.visibilityState === "visible";
}
