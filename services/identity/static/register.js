// Shows the account name while it is being composed, and asks for a certificate only from holders.
const form = document.querySelector("[data-register]");
const name = form.elements["real_name"];
const number = form.elements["id_number"];
const composed = form.querySelector("[data-composed]");
const certificate = form.querySelector("[data-certificate]");

function compose() {
  const digits = number.value.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  const words = name.value.trim().split(/\s+/).join(" ");
  const ready = words.length > 1 && /^\d{17}[\dX]$/.test(digits);
  composed.hidden = !ready;
  if (ready) {
    composed.querySelector("strong").textContent = words + digits.slice(0, 6) + digits.slice(-4);
  }
}

function showCertificate() {
  const holder = form.elements["kind"].value === "holder";
  certificate.hidden = !holder;
  certificate.disabled = !holder;
}

for (const input of [name, number]) {
  input.addEventListener("input", () => {
    const read = composed.querySelector("[data-read]");
    if (read) read.hidden = true;
    compose();
  });
}
for (const radio of form.elements["kind"]) radio.addEventListener("change", showCertificate);
compose();
showCertificate();
