// What pages do beyond HTML: each part is switched on by a data attribute, and every form works without it.

const busyTimeoutMs = 60_000;

/** Forms marked `data-once` are sent once: a second click or Enter does nothing while the first is on its way. */
function sendOnce(event) {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  button?.setAttribute("data-busy", "");
  button?.setAttribute("aria-disabled", "true");
  announce(button?.querySelector(".when-busy")?.textContent);
  // A connection that hangs must not lock the form for good.
  setTimeout(() => allowAgain(form), busyTimeoutMs);
}

function allowAgain(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[data-busy]")) {
    button.removeAttribute("data-busy");
    button.removeAttribute("aria-disabled");
  }
}

/** Says `text` to screen readers, once: a polled fragment repeats itself every second. */
function announce(text) {
  const announcer = document.getElementById("announcer");
  const words = text?.trim();
  if (announcer && words && announcer.textContent !== words) announcer.textContent = words;
}

/** Forms marked `data-auto-submit` send themselves once in a tab: going back shows the button instead. */
function submitByItself(root) {
  const form = root.querySelector("form[data-auto-submit]");
  if (!form) return;
  const key = `sent ${form.action}`;
  if (sessionStorage.getItem(key)) return;
  sessionStorage.setItem(key, "yes");
  form.requestSubmit();
}

function focusFirstError() {
  const invalid = document.querySelector("[aria-invalid=true]") ?? document.querySelector("[data-error-summary]");
  invalid?.focus();
}

/** Shows the chosen file's name, and refuses one that the server would refuse for its size. */
function showChosenFile(input) {
  const [file] = input.files;
  const zone = input.closest("[data-drop-zone]");
  const name = zone?.querySelector("[data-file-name]");
  if (!name) return;
  name.dataset.prompt ??= name.textContent;
  name.textContent = file ? file.name : name.dataset.prompt;
  const tooLarge = file && file.size > Number(input.dataset.maxBytes);
  input.setCustomValidity(tooLarge ? input.dataset.tooLarge : "");
  if (tooLarge) input.reportValidity();
}

/** Proposes an address from the company's name until the person types one. */
function proposeAddress(source) {
  const target = document.querySelector(`[data-propose-from="${CSS.escape(source.id)}"]`);
  if (!target || target.dataset.typed) return;
  target.value = source.value
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\u0300-\u036f'’]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
  target.dispatchEvent(new Event("input", { bubbles: true }));
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("submit", sendOnce);
document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file][data-max-bytes]")) showChosenFile(event.target);
});
document.addEventListener("input", (event) => {
  if (event.isTrusted && event.target.matches("[data-propose-from]")) event.target.dataset.typed = "yes";
  if (event.target.id) proposeAddress(event.target);
});
document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelector("details[data-menu][open] > summary")?.focus();
    closeMenus(null);
  }
  const search = document.querySelector("input[data-search]");
  if (event.key === "/" && search && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    search.focus();
  }
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[data-sent]")) allowAgain(form);
});

document.addEventListener("htmx:afterSettle", () => {
  announce(document.querySelector("[data-announce]")?.textContent);
  submitByItself(document);
});
// Words for too many requests belong where the answer would have stood, not what was there before.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (xhr.status === 429 && target.matches("[data-shows-refusals]")) event.detail.shouldSwap = true;
});
// Signed out elsewhere: the whole page goes to the sign-in page, not a fragment of it.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) location.reload();
});
const showConnection = (lost) => {
  for (const note of document.querySelectorAll("[data-connection-lost]")) note.hidden = !lost;
};
document.addEventListener("htmx:sendError", () => showConnection(true));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) showConnection(false);
});

for (const typed of document.querySelectorAll("[data-propose-from]")) if (typed.value) typed.dataset.typed = "yes";
// On a phone there are more tabs than fit: the one that is open is brought into sight.
document.querySelector("[data-tabs] [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
focusFirstError();
submitByItself(document);
