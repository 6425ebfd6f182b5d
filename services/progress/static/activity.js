// When the learner last touched the keyboard, the pointer or the screen (P-3).

const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "touchmove"];

export class Activity {
  #lastMs = Date.now();
  #place = null;

  // onReturn(): somebody is there again after at least `limitSeconds` of nothing.
  constructor(limitSeconds, onReturn) {
    this.limitSeconds = limitSeconds;
    this.onReturn = onReturn;
    this.watch(window);
  }

  // A framed document of our own counts like the page.
  watch(target) {
    for (const sign of SIGNS) {
      target.addEventListener(sign, (event) => this.#see(event), { passive: true, capture: true });
    }
  }

  // Browsers also tell of a pointer that rests while the page moves beneath it.
  #see(event) {
    if (event.type === "pointermove") {
      const place = `${event.screenX},${event.screenY}`;
      if (place === this.#place) return;
      this.#place = place;
    }
    this.note();
  }

  note() {
    const wasIdle = this.idle;
    if (wasIdle) this.onReturn();
    this.#lastMs = Date.now();
  }

  get idleSeconds() {
    return Math.max(0, (Date.now() - this.#lastMs) / 1000);
  }

  // Nobody was there for so long that it should be said before the clock stops.
  get idleSoon() {
    return this.limitSeconds - this.idleSeconds <= Math.min(30, this.limitSeconds / 3);
  }

  get idle() {
    return this.idleSeconds >= this.limitSeconds;
  }
}
