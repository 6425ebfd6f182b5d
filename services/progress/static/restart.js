// The courseware starts again because of a question (P-5): why, what was asked, what was lost.

import { Modal } from "./modal.js";
import { clock } from "./view.js";

export class Restart {
  #shownAt = null;
  #position = 0;

  // onAgain(seconds): the learner starts again from there.
  constructor(dialog, onAgain) {
    this.modal = new Modal(dialog);
    this.modal.part("again").addEventListener("click", () => {
      this.modal.close();
      onAgain(this.#position);
    });
  }

  get open() {
    return this.modal.open;
  }

  // Whether this is a restart that the learner has not been told of.
  hear(restart) {
    if (!restart || restart.at === this.#shownAt) return false;
    this.#shownAt = restart.at;
    this.#position = restart.position_seconds;
    this.modal.say("cause", restart.cause);
    this.modal.say("from", restart.position_seconds > 0 ? "checkpoint" : "start");
    this.modal.fill("lost", restart.lost_seconds > 0 ? clock(restart.lost_seconds) : "");
    this.modal.fill("kept", clock(restart.credited_seconds));
    this.modal.fill("restart-question", restart.question);
    this.modal.fill("restart-explanation", restart.explanation);
    this.modal.show();
    this.modal.part("again").focus();
    return true;
  }
}
