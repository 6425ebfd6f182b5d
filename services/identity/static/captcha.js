// Another captcha without losing what was typed; and a fresh one when the picture has grown old.
const OLD_AFTER_MS = 4 * 60 * 1000;

for (const box of document.querySelectorAll("[data-captcha]")) {
  const id = box.querySelector("[name=captcha_id]");
  const answer = box.querySelector("[name=captcha_answer]");
  let shownAt = Date.now();

  async function renew() {
    const response = await fetch("/api/identity/captchas", { method: "POST" });
    if (!response.ok) return false;
    const captcha = await response.json();
    id.value = captcha.captcha_id;
    box.querySelector("img").src = captcha.image_url;
    box.querySelector("audio").src = captcha.audio_url;
    answer.value = "";
    shownAt = Date.now();
    return true;
  }

  const another = box.querySelector("[name=new_captcha]");
  another.type = "button"; // so that Enter in a field presses the form's own button
  another.addEventListener("click", async () => {
    if (await renew().catch(() => false)) answer.focus();
  });
  answer.addEventListener("focus", () => {
    if (!answer.value && Date.now() - shownAt > OLD_AFTER_MS) renew().catch(() => false);
  });
}
