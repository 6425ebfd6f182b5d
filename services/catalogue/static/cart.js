// Marks what is in the cart already and shows the way to it. Payments knows the cart; while it does
// not answer, or without this script, every card keeps its plain form.

const bar = document.querySelector("[data-cart-bar]");
const mark = document.querySelector("#in-cart");

async function read() {
  const response = await fetch("/api/payments/cart", { headers: { accept: "application/json" } });
  return response.ok ? response.json() : { lines: [] };
}

function markCard(line) {
  const card = document.querySelector(`[data-item="${CSS.escape(line.id)}"]`);
  const form = card?.querySelector("form");
  if (!form) return;
  card.classList.add("course-card-cart");
  form.replaceWith(mark.content.cloneNode(true));
}

function showBar(cart) {
  const text = bar.querySelector("[data-text]");
  text.textContent = text.dataset.text
    .replace("{n}", cart.lines.length)
    .replace("{hours}", cart.hours);
  const yuan = (cart.amount_fen / 100).toFixed(2);
  bar.querySelector(".price").textContent = `￥${yuan.replace(/\B(?=(\d{3})+\.)/g, ",")}`;
  bar.hidden = false;
}

const cart = await read().catch(() => ({ lines: [] }));
if (cart.lines.length) {
  cart.lines.forEach(markCard);
  showBar(cart);
}
