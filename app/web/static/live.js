// Beside htmx: says what has changed, keeps open what was open, and tells when an answer did not come.
(() => {
  const region = document.getElementById("toasts");
  let open = [];
  let focused = "";

  function say(text) {
    const note = document.createElement("p");
    note.className = "toast";
    note.textContent = text;
    region.replaceChildren(note);
    setTimeout(() => note.remove(), 6000);
  }

  const problems = {
    0: "No answer came. Are you offline?",
    410: "This posting has closed meanwhile.",
    429: "That was a lot in a short time. Wait a moment, then try again.",
  };

  function failed(event) {
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    if (status === 401) {
      location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    say(problems[status] || "That did not work. Nothing was changed.");
  }

  addEventListener("toast", (event) => say(event.detail.value));
  addEventListener("htmx:responseError", failed);
  addEventListener("htmx:sendError", failed);
  addEventListener("htmx:beforeSwap", (event) => {
    open = [...event.detail.target.querySelectorAll("details[id][open]")].map((node) => node.id);
    focused = document.activeElement ? document.activeElement.id : "";
  });
  addEventListener("htmx:afterSwap", () => {
    open.map((id) => document.getElementById(id)).filter(Boolean).forEach((node) => { node.open = true; });
    const again = focused && document.getElementById(focused);
    if (again && again !== document.activeElement) again.focus({ preventScroll: true });
    const title = document.querySelector("[data-title]");
    if (title) document.title = title.dataset.title;
  });
})();
