// Every page: what was refused takes the focus, so that it is read first.
document.querySelector(".error-summary")?.focus();
