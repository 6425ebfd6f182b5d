// The study record of a courseware that is open now: today's part is fetched anew while one looks.

const EVERY_MS = 15_000;

async function fresh() {
  const asked = fetch(location.href, { headers: { Accept: "text/html" } });
  const answer = await asked.catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// The newest day; what the reader has unfolded stays unfolded.
function replace(page) {
  const there = page.querySelector("[data-day]");
  const here = there && document.getElementById(there.id);
  if (!there) return;
  if (!here) {
    document.querySelector("[data-record]").prepend(there);
    return;
  }
  const [old, renewed] = [here, there].map((day) => day.querySelector("[data-part=day]"));
  if (old.contains(document.activeElement)) return;
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  renewed.querySelectorAll("details").forEach((details, place) => {
    details.open = open[place] ?? false;
  });
  old.replaceWith(renewed);
}

function tell(page) {
  const [old, renewed] = [document, page].map((one) => one.querySelector(".page-head .state"));
  if (old && renewed) old.replaceChildren(...renewed.childNodes);
}

async function refresh() {
  const page = await fresh();
  if (!page) return;
  replace(page);
  tell(page);
  if (!page.querySelector("[data-live]")) clearInterval(timer);
}

const seen = () => document.visibilityState === "visible" && refresh();
const live = document.querySelector("[data-live]");
const timer = live && setInterval(seen, EVERY_MS);
if (live) document.addEventListener("visibilitychange", seen);
