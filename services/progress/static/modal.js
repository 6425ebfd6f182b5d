// A dialog that nobody can wave away: it closes when the page says so.

export class Modal {
  #isDue = false;

  constructor(dialog) {
    this.dialog = dialog;
    // Escape is stopped at the key, where it is one; a telephone's back gesture asks and may insist.
    dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => this.#isDue && dialog.showModal());
  }

  get open() {
    return this.#isDue;
  }

  show() {
    this.#isDue = true;
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() {
    this.#isDue = false;
    this.dialog.close();
  }

  part(name) {
    return this.dialog.querySelector(`[data-part="${name}"]`);
  }

  // Shows the one of several sentences that is meant; `null` shows none.
  say(kind, name) {
    for (const sentence of this.dialog.querySelectorAll(`[data-${kind}]`)) {
      sentence.hidden = sentence.dataset[kind] !== name;
    }
  }

  // Puts a text into its place, and hides what speaks of nothing.
  fill(name, text) {
    const place = this.part(name);
    place.textContent = text;
    optional(place).hidden = text === "";
  }

  list(name, texts) {
    const place = this.part(name);
    place.replaceChildren(...texts.map(item));
    optional(place).hidden = texts.length === 0;
  }
}

const optional = (place) => place.closest("[data-optional]") ?? place;

function item(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}
