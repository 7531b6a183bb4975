// What just happened, with eight seconds to take it back; and what went wrong, until it is read.
(() => {
  "use strict";
  const UNDO_S = 8, PLAIN_S = 5;
  const place = () => document.getElementById("toasts");

  function arm(toast) {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "1";
    if (toast.classList.contains("is-problem")) return void addButton(toast, desk.word("close"), () => toast.remove());
    let left = toast.dataset.undo ? UNDO_S : PLAIN_S;
    let button = null;
    if (toast.dataset.undo) button = addButton(toast, `${desk.word("undo")} ${left}`, () => undo(toast));
    const timer = setInterval(() => {
      // what is read may be looked at longer; what can be taken back says how long it can
      if (!button && (toast.matches(":hover") || toast.contains(document.activeElement))) return;
      left -= 1;
      if (button) button.textContent = `${desk.word("undo")} ${left}`;
      if (left <= 0) { clearInterval(timer); toast.remove(); }
    }, 1000);
  }
  function addButton(toast, text, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", act);
    toast.append(button);
    return button;
  }
  async function undo(toast) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    toast.querySelector("button").disabled = true;
    try {
      const answer = await fetch(toast.dataset.undo, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } });
      const text = answer.ok ? "" : await answer.text();
      toast.remove();
      if (answer.ok) {
        const said = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}").toast?.text;
        if (said) show(said);
        document.body.dispatchEvent(new CustomEvent("undone", { bubbles: true }));
        document.body.dispatchEvent(new CustomEvent("acted", { bubbles: true }));
      } else document.getElementById("problems").innerHTML = text;
    } catch { problem(desk.word("failed")); }
  }
  function show(text, { undo: address = "", tone = "" } = {}) {
    const toast = document.createElement("div");
    toast.className = tone === "problem" ? "toast is-problem" : "toast";
    if (address) toast.dataset.undo = address;
    const line = document.createElement("span");
    line.textContent = text;
    toast.append(line);
    place().append(toast);
    arm(toast);
    return toast;
  }
  function problem(text, again) {
    const toast = show(text, { tone: "problem" });
    if (again) toast.querySelector("button").before(addButton(toast, desk.word("again"), () => { toast.remove(); again(); }));
  }
  desk.toast = show;
  desk.problem = problem;

  desk.onContent((root) => root.querySelectorAll("[data-toast]").forEach(arm));
  document.addEventListener("click", (event) => event.target.closest?.("[data-problem] [data-close]")?.closest("[data-problem]").remove());
  document.addEventListener("toast", (event) => show(event.detail.text, { undo: event.detail.undo }));
  const failed = (event) => {
    const form = event.detail.elt?.closest?.("form");
    const post = event.detail.requestConfig?.verb === "post";
    const reference = event.detail.xhr?.getResponseHeader?.("X-Request-ID");
    if (post) problem(desk.word("failed") + (reference ? ` ${desk.word("reference")} ${reference}` : ""), form && (() => form.requestSubmit()));
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
})();
