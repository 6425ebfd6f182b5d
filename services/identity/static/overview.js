// The numbers that wait in other services, on their cards of the staff's landing page. Without this
// script a card is still the way to its service; without an answer it also says so.
const PATIENCE_MS = 5000;

for (const card of document.querySelectorAll("[data-waiting]")) {
  fetch(card.dataset.waiting, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer)))
    .then(({ waiting, urgent, text }) => {
      const number = document.createElement("b");
      number.textContent = waiting;
      card.querySelector("span:last-child").textContent = text;
      card.querySelector(".job-name").after(number);
      card.classList.toggle("job-urgent", urgent);
    })
    .catch(() => {
      card.classList.add("job-silent");
      card.querySelector("span:last-child").textContent = card.dataset.silent;
    });
}
