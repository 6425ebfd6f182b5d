// Keeps the page of an unpaid order up to date: asks every two seconds how it stands, loads the
// page again when that has changed, and counts down the time of the code. Without this script the
// page has a link that does the same.

const POLL_SECONDS = 2;
const GRACE_SECONDS = 120; // a payment of the last moment may still arrive

const panel = document.querySelector("#pay");
const until = panel.querySelector("[data-until]");
const endsAt = until ? Date.parse(until.dataset.until) : Infinity;

async function look() {
  const response = await fetch(panel.dataset.order, { headers: { accept: "application/json" } });
  if (response.status === 401) location.reload();
  if (!response.ok) return;
  const order = await response.json();
  const code = order.payment?.code_url ? "yes" : "no";
  if (order.status !== panel.dataset.status || code !== panel.dataset.code) location.reload();
}

async function poll() {
  if (!document.hidden) await look().catch(() => undefined); // the network may be back next time
  if (Date.now() < endsAt + GRACE_SECONDS * 1000) setTimeout(poll, POLL_SECONDS * 1000);
}

function countDown() {
  const seconds = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
  const rest = String(seconds % 60).padStart(2, "0");
  until.textContent = `${Math.floor(seconds / 60)}:${rest}`;
  if (seconds > 0) setTimeout(countDown, 1000);
}

setTimeout(poll, POLL_SECONDS * 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look().catch(() => undefined);
});
if (until) countDown();
