// What the learner sees: the clock, why it stands still, and what is still missing.
// Every sentence stands in the page, in the learner's language; this only chooses among them.

const RUN_AHEAD = 2.5; // beat intervals that the shown clock may run before the server confirms
const LONGEST_TICK_SECONDS = 2; // a computer that slept shows no seconds for its sleep

export class View {
  #shown = "";
  #face = 0; // the seconds that the clock shows
  #tickedMs = Date.now();

  constructor(root) {
    this.root = root;
    this.credited = Number(root.dataset.credited);
    this.required = Number(root.dataset.required);
    this.#face = this.credited;
  }

  one(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  // The server's word about the credited time; `settled`: it has heard that the clock stands.
  confirm(seconds, settled) {
    this.credited = seconds;
    if (settled || seconds > this.#face) this.#face = seconds;
  }

  // Shows the credited time, up to the required one; while it counts, the seconds that will soon
  // be confirmed too.
  tick(counting, beatIntervalSeconds) {
    const since = Math.max(0, Date.now() - this.#tickedMs) / 1000;
    this.#tickedMs = Date.now();
    if (counting) this.#face += Math.min(since, LONGEST_TICK_SECONDS);
    this.#face = Math.min(this.#face, this.credited + RUN_AHEAD * beatIntervalSeconds);
    const face = Math.min(this.#face, this.required);
    this.one("clock").textContent = clock(face);
    const share = this.required ? Math.min(1, face / this.required) : 1;
    this.one("clock-bar").setAttribute("width", `${(100 * share).toFixed(2)}%`);
  }

  // Says why the clock stands still, or that it runs. `values` fill the sentence's blanks.
  explain(state, values = {}) {
    const panel = this.one("why");
    const template = this.root.querySelector(`template[data-state="${state}"]`);
    if (this.#shown !== state && template) {
      this.#shown = state;
      const content = template.content.cloneNode(true);
      this.one("why-text").replaceChildren(content.querySelector(".message"));
      this.one("why-acts").replaceChildren(...content.querySelectorAll(".actions > *"));
      panel.classList.toggle("panel-next", "stop" in template.dataset);
      panel.dataset.shown = state;
    }
    for (const [name, value] of Object.entries(values)) {
      const blank = panel.querySelector(`[data-blank="${name}"]`);
      if (blank && blank.textContent !== String(value)) blank.textContent = value;
    }
  }

  get state() {
    return this.#shown;
  }

  waiting(count) {
    const line = this.one("queue");
    line.hidden = count === 0;
    line.querySelector("[data-blank]").textContent = count;
  }

  // The panels that the server draws: what is missing, and today's record.
  async refresh() {
    const asked = fetch(this.root.dataset.standing, { headers: { Accept: "text/html" } });
    const answer = await asked.catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const name of ["state", "standing", "record"]) this.#replace(name, fresh);
  }

  #replace(name, fresh) {
    const here = this.one(name);
    const there = fresh.querySelector(`[data-part="${name}"]`);
    if (!here || !there || here.contains(document.activeElement)) return;
    here.replaceChildren(...there.childNodes);
  }
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = two(whole % 60);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
