// Keeps the page of an unpaid order up to date: asks every two seconds how it stands, loads the
// page again when that has changed, and counts down the time of the code. Without this script the
// page has a link that does the same. Inside WeChat it also opens the payment.

const POLL_SECONDS = 2;
const GRACE_SECONDS = 120; // a payment of the last moment may still arrive

const panel = document.querySelector("#pay");
const until = panel.querySelector("[data-until]");
const endsAt = until ? Date.parse(until.dataset.until) : Infinity;
const bridgeButton = panel.querySelector("[data-bridge]");

async function ask() {
  const response = await fetch(panel.dataset.order, { headers: { accept: "application/json" } });
  if (response.status === 401) location.reload();
  return response.ok ? response.json() : undefined;
}

function paymentOf(order) {
  return order?.payments.find((payment) => payment.method === panel.dataset.method);
}

async function look() {
  const order = await ask();
  if (!order) return;
  const payment = paymentOf(order);
  const ready = payment?.code_url || payment?.bridge ? "yes" : "no";
  if (order.status !== panel.dataset.status || ready !== panel.dataset.ready) location.reload();
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

// WeChat's browser gives its bridge some time after the page has begun.
function bridge() {
  return new Promise((resolve) => {
    if (window.WeixinJSBridge) resolve(window.WeixinJSBridge);
    else document.addEventListener("WeixinJSBridgeReady", () => resolve(window.WeixinJSBridge));
  });
}

function say(which) {
  for (const sentence of panel.querySelectorAll("[data-said]")) {
    sentence.hidden = sentence.dataset.said !== which;
  }
}

// What WeChat says here is no proof of payment: the page waits for the order to be paid.
async function openPayment() {
  say("");
  const order = await ask().catch(() => undefined);
  const parameters = paymentOf(order)?.bridge;
  if (!parameters) return say("failed");
  const opened = await bridge();
  opened.invoke("getBrandWCPayRequest", parameters, ({ err_msg: message }) => {
    if (message === "get_brand_wcpay_request:ok") say("paid");
    else say(message === "get_brand_wcpay_request:cancel" ? "cancelled" : "failed");
  });
}

setTimeout(poll, POLL_SECONDS * 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look().catch(() => undefined);
});
if (until) countDown();
bridgeButton?.addEventListener("click", openPayment);
if (bridgeButton && location.hash === "#pay-now") {
  history.replaceState(null, "", location.pathname); // a reload asks for nothing
  openPayment();
}
