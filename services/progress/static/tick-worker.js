// A second hand that a hidden or busy page cannot slow down.
setInterval(() => postMessage(null), 1000);
