// When the learner last touched the keyboard, the pointer or the screen (P-3).

const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "scroll"];

export class Activity {
  #lastMs = Date.now();

  // onReturn(): somebody is there again after at least `limitSeconds` of nothing.
  constructor(limitSeconds, onReturn) {
    this.limitSeconds = limitSeconds;
    this.onReturn = onReturn;
    this.watch(window);
  }

  // A framed document of our own counts like the page.
  watch(target) {
    for (const sign of SIGNS) {
      target.addEventListener(sign, () => this.note(), { passive: true, capture: true });
    }
  }

  note() {
    const wasIdle = this.idle;
    if (wasIdle) this.onReturn();
    this.#lastMs = Date.now();
  }

  get idleSeconds() {
    return Math.max(0, (Date.now() - this.#lastMs) / 1000);
  }

  get idle() {
    return this.idleSeconds >= this.limitSeconds;
  }
}
