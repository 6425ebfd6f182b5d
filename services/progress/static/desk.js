// Who is studying now: the list is fetched again while somebody looks at it.
const EVERY_MILLISECONDS = 5000;
const list = document.querySelector("[data-refresh]");

// A list that holds the keyboard's focus stays as it is, so that nobody loses their place.
function mayChange() {
  return document.visibilityState === "visible" && !list.contains(document.activeElement);
}

async function refresh() {
  const answer = await fetch(list.dataset.refresh + location.search, { headers: { Accept: "text/html" } });
  const isList = answer.ok && new URL(answer.url).pathname === list.dataset.refresh;
  if (isList && mayChange()) list.innerHTML = await answer.text();
}

async function goOn() {
  if (mayChange()) await refresh().catch(() => {}); // the network is away: the list stays
  setTimeout(goOn, EVERY_MILLISECONDS);
}

document.querySelector("[data-live]").hidden = false;
setTimeout(goOn, EVERY_MILLISECONDS);
