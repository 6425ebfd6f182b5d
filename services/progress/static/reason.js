// Why the clock stands still, as the name of one of the page's sentences. What the page knows
// itself comes before what the server said.

export function reasonOf({ server, media, activity, lease, question, restart, waiting, maxRate }) {
  const state = server?.state;
  if (state === "completed") return "completed";
  if (media.failed) return "broken";
  if (lease.trouble) return lease.trouble;
  if (restart.open) return "restart";
  if (question.open) return "question";
  if (state === "suspended") return "suspended";
  if (server?.missing?.seconds === 0) return "enough";
  if (activity.idle) return "idle";
  if (document.visibilityState !== "visible") return "hidden";
  if (media.ended) return "ended";
  if (media.loading) return "loading";
  if (!media.playing) return "paused";
  if (media.rate > maxRate) return "rate";
  if (waiting > 0) return "network";
  if (state === "too_fast") return "too_fast";
  return activity.idleSoon ? "soon" : "counting";
}
