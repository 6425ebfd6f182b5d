// Phones and people who pay by the megabyte get less: nothing of a video is fetched before it is
// asked for, and without the event stream the page asks half as often. Nothing is counted less.

const NARROW = "(max-width: 48rem)";

export function sparing() {
  return Boolean(navigator.connection?.saveData) || matchMedia(NARROW).matches;
}
