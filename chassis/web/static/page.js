// Every page: what was refused takes the focus, so that it is read first; the open tab is in
// sight; the cart says its size.
document.querySelector(".error-summary")?.focus();

// Where tabs are wider than the phone, the one that is open is in sight.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const strip = tab.closest(".tabs");
  strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
}

const badge = document.querySelector("[data-cart]");

async function countCart() {
  const answer = await fetch("/api/payments/cart", { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { lines } = await answer.json();
  badge.textContent = lines.length;
  badge.hidden = lines.length === 0;
}

// Payments may be away; then the cart keeps its size to itself.
if (badge) countCart().catch(() => {});
