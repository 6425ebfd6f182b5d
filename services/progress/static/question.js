// A question that pops up (P-5): asked, timed, answered, and what came of it. The page holds no
// question before the server has asked it; the server alone knows what is right and what is late.

import { Failure } from "./http.js";
import { Modal } from "./modal.js";
import { clock } from "./view.js";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;
const LONGEST_TICK_SECONDS = 2; // a computer that slept was not heard, and its limit did not run
const OUTAGE_SECONDS = 30; // a longer one moves the deadline, and the server tells by how much
const SPOKEN_SECONDS = [30, 10]; // what is left is said aloud, once each

export class Question {
  #asked = null;
  #phase = "none"; // none, asking, sending, verdict
  #done = new Set(); // asked and answered, whatever an older word of the server says
  #left = 0;
  #limit = 1;
  #tickedMs = Date.now();
  #awaySeconds = 0;
  #hurry = () => {};

  // hooks: onAsked(); onDone(byHand): nothing is asked any more; send(body, isAgain): the
  // verdict, or a Failure; look(): ask for the state.
  constructor(dialog, hooks) {
    this.modal = new Modal(dialog);
    this.hooks = hooks;
    this.form = dialog.querySelector("form");
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.modal.part("go-on").addEventListener("click", () => this.#end(true));
    addEventListener("online", () => this.#hurry());
  }

  get open() {
    return this.#phase !== "none";
  }

  // What the server says is open now: a question or null.
  hear(question) {
    if (this.#phase === "verdict") return;
    if (!question || this.#done.has(question.question_id)) {
      if (this.#phase === "asking") this.#end(false); // answered elsewhere, or taken back
    } else if (this.#asked?.question_id !== question.question_id) {
      this.#ask(question);
    } else {
      this.#left = question.seconds_left;
      this.#showLeft();
    }
  }

  // Nothing is asked any more; the caller says what comes next.
  close() {
    this.#asked = null;
    this.#phase = "none";
    this.modal.close();
  }

  // Once a second; `isAway`: the server does not hear from us.
  tick(isAway) {
    const since = Math.min(Math.max(0, Date.now() - this.#tickedMs) / 1000, LONGEST_TICK_SECONDS);
    this.#tickedMs = Date.now();
    if (this.#phase !== "asking" && this.#phase !== "sending") return;
    if (isAway !== (this.#awaySeconds > 0) && this.#phase === "asking") {
      this.modal.say("hint", isAway ? "network" : null);
    }
    this.#awaySeconds = isAway ? this.#awaySeconds + since : 0;
    if (this.#awaySeconds > OUTAGE_SECONDS) return;
    const before = this.#left;
    this.#left = Math.max(0, before - since);
    if (before > 0 && this.#left === 0) this.hooks.look();
    this.#showLeft();
  }

  #ask(question) {
    this.#asked = question;
    this.#phase = "asking";
    this.#left = question.seconds_left;
    const { deadline, asked_at: askedAt } = question;
    this.#limit = Math.max(1, this.#left, (Date.parse(deadline) - Date.parse(askedAt)) / 1000);
    this.#draw(question);
    this.#showLeft();
    this.modal.show();
    this.form.querySelector("input").focus();
    this.hooks.onAsked();
  }

  #draw({ kind, text, choices }) {
    const several = kind === "multiple";
    this.modal.fill("question-text", text);
    this.modal.part("choices").replaceChildren(
      ...choices.map((choice, index) => this.#choice(choice, index, several)),
    );
    this.modal.part("several").hidden = !several;
    this.modal.part("timing").hidden = false;
    this.modal.part("verdict").hidden = true;
    this.form.hidden = false;
    this.modal.say("hint", null);
  }

  #choice(text, index, several) {
    const label = document.createElement("label");
    label.className = "choice";
    const input = document.createElement("input");
    Object.assign(input, { type: several ? "checkbox" : "radio", name: "answer", value: index });
    const words = document.createElement("span");
    words.textContent = text;
    label.append(input, words);
    return label;
  }

  #showLeft() {
    const seconds = Math.ceil(this.#left);
    this.modal.part("left").textContent = clock(seconds);
    const share = Math.min(100, (100 * this.#left) / this.#limit);
    this.modal.part("left-bar").setAttribute("width", `${share.toFixed(1)}%`);
    const spoken = SPOKEN_SECONDS.find((each) => seconds <= each && seconds > each - 3);
    this.modal.say("spoken", spoken ? String(spoken) : seconds === 0 ? "0" : null);
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#phase !== "asking") return;
    const chosen = [...this.form.querySelectorAll("input:checked")];
    if (chosen.length === 0) {
      this.modal.say("hint", "choose");
      this.form.querySelector("input").focus();
      return;
    }
    const asked = this.#asked;
    this.#phase = "sending";
    this.modal.say("hint", "sending");
    const choices = chosen.map((input) => Number(input.value));
    const verdict = await this.#sendUntilHeard(asked, choices);
    if (verdict && this.#asked === asked) this.#judged(verdict);
  }

  // The answer stays as it was chosen, however long the network is away. Null: it came to nothing.
  async #sendUntilHeard(asked, choices) {
    const body = { question_id: asked.question_id, choices };
    let waitMs = FIRST_WAIT_MS;
    for (let tries = 0; this.#asked === asked; tries += 1) {
      try {
        return await this.hooks.send(body, tries > 0);
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        if (this.#asked !== asked) return null;
        if (!failure.passing) return this.#refused(failure);
        this.modal.say("hint", "network");
        await this.#pause((failure.retryAfterSeconds ?? 0) * 1000 || waitMs);
        waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
      }
    }
    return null;
  }

  #pause(ms) {
    return new Promise((resolve) => {
      this.#hurry = resolve;
      setTimeout(resolve, ms);
    });
  }

  // A malformed choice may be mended. Closed, or asked in another session: the state tells.
  #refused({ status }) {
    if (status === 422) {
      this.#phase = "asking";
      this.modal.say("hint", "choose");
    } else {
      if (status === 409) this.#done.add(this.#asked.question_id);
      this.#end(false);
    }
    return null;
  }

  #judged({ correct, restarted, right, explanation }) {
    this.#done.add(this.#asked.question_id);
    this.hooks.look();
    if (restarted) return this.close(); // the state says why, and what the learner should know
    this.#phase = "verdict";
    const { text, choices } = this.#asked;
    this.modal.fill("asked", text);
    this.modal.list("right", correct ? [] : right.map((index) => choices[index]));
    this.modal.fill("explanation", explanation);
    this.modal.say("judged", correct ? "right" : "wrong");
    this.modal.part("timing").hidden = true;
    this.modal.part("verdict").hidden = false;
    this.form.hidden = true;
    this.modal.part("go-on").focus();
  }

  #end(byHand) {
    this.close();
    this.hooks.look();
    this.hooks.onDone(byHand);
  }
}
