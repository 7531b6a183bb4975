// What every page shares: words, one-submit guard, drafts, dependent fields, menus. Scripts talk to each other through window.desk.
(() => {
  "use strict";
  const words = () => document.getElementById("words");
  const desk = (window.desk = {
    /** One of the page's own sentences with %n, %h, %m, %d or %s filled in. */
    word(key, values = {}) {
      const text = words()?.dataset[`w${key[0].toUpperCase()}${key.slice(1)}`] ?? "";
      return text.replace(/%([nhmds])/g, (whole, name) => (name in values ? values[name] : whole));
    },
    /** True while an input method is still composing: such a key belongs to the input method. */
    composing: (event) => event.isComposing || event.keyCode === 229,
    isField: (el) => !!el && (el.isContentEditable || el.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])")),
    announce(text) {
      const region = document.getElementById("announce");
      if (region) region.textContent = text;
    },
    /** Run fn on the document once it is complete and on every piece of page that arrives later. */
    onContent(fn) {
      contentHooks.push(fn);
    },
    arrived(root) {
      contentHooks.forEach((fn) => fn(root));
    },
  });
  const contentHooks = [];

  // ---- one submit at a time; the server's form_key guards what slips through
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-once")) return;
    if (form.dataset.sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sending = "1";
    desk.announce(desk.word("working"));
  }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("form");
    if (form) delete form.dataset.sending;
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach((form) => delete form.dataset.sending));

  // ---- drafts: what is typed survives a reload, a lost connection and an expired login
  const DRAFT_HOURS = 12;
  const keyOf = (form) => `sd:draft:${document.body.dataset.staff}:${document.body.dataset.project}:${form.dataset.draft}`;
  const kept = (field) => field.name && !["csrfmiddlewaretoken", "version", "submit_as", "back"].includes(field.name) && !["file", "password", "submit", "button"].includes(field.type);
  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* a full or forbidden store loses only the draft */ } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* as above */ } },
  };
  const timers = new WeakMap();
  const seen = new WeakSet();
  function saveDraft(form) {
    const values = [];
    for (const field of form.elements) {
      if (!kept(field)) continue;
      if (field.type === "checkbox" || field.type === "radio") { if (field.checked) values.push([field.name, field.value]); }
      else if (field.value) values.push([field.name, field.value]);
    }
    store.set(keyOf(form), { at: Date.now(), values });
    const state = document.getElementById("draft-state");
    if (state && form.dataset.draft === "intake") state.textContent = desk.word("draftSaved");
  }
  function restoreDraft(form) {
    if (seen.has(form)) return;
    seen.add(form);
    if (form.querySelector("[data-first-error], .err:not([hidden])")) return;
    const draft = store.get(keyOf(form));
    if (!draft) return;
    if (Date.now() - draft.at > DRAFT_HOURS * 3600e3) return store.drop(keyOf(form));
    const byName = new Map();
    for (const [name, value] of draft.values) byName.set(name, [...(byName.get(name) ?? []), value]);
    for (const field of form.elements) {
      if (!kept(field)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = (byName.get(field.name) ?? []).includes(field.value);
      else if (byName.has(field.name)) field.value = byName.get(field.name)[0];
    }
    const state = document.getElementById("draft-state");
    if (state && form.dataset.draft === "intake") state.textContent = desk.word("draftBack");
    form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
  }
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.hasAttribute("data-draft") || !kept(event.target)) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => saveDraft(form), 400));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form[data-draft]");
    if (form && event.detail.xhr.status < 300) {
      clearTimeout(timers.get(form));
      store.drop(keyOf(form));
    }
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute?.("data-forget-drafts")) return;
    try { Object.keys(localStorage).filter((key) => key.startsWith("sd:draft:")).forEach((key) => localStorage.removeItem(key)); } catch { /* nothing kept */ }
  });
  desk.onContent((root) => root.querySelectorAll("form[data-draft]").forEach(restoreDraft));

  // ---- fields that only matter for one answer: data-show="name=value", or any of several: "name=one|other"
  function showDependents(form) {
    form.querySelectorAll("[data-show]").forEach((part) => {
      const [name, value] = part.dataset.show.split("=");
      part.hidden = !value.split("|").includes(form.querySelector(`[name="${name}"]:checked`)?.value);
    });
  }
  const showAll = (root) => root.querySelectorAll("form").forEach((form) => form.querySelector("[data-show]") && showDependents(form));
  desk.onContent(showAll);
  document.addEventListener("change", (event) => event.target.form && showDependents(event.target.form));
  document.addEventListener("draft:restored", (event) => showDependents(event.target));

  // ---- the first error takes the focus
  desk.onContent((root) => {
    const scope = root === document ? document : root.parentElement ?? root;
    const first = scope.querySelector("[aria-invalid=true]") ?? scope.querySelector("[data-first-error]");
    if (first && !first.dataset.focused) {
      first.dataset.focused = "1";
      first.focus();
    }
  });

  // ---- menus, details opened from elsewhere, the way back
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open"));
    const opener = event.target.closest?.("[data-open-details]");
    if (opener) document.getElementById(opener.dataset.openDetails)?.setAttribute("open", "");
    const back = event.target.closest?.("[data-back]");
    if (back && document.referrer.startsWith(location.origin) && history.length > 1) {
      event.preventDefault();
      history.back();
    }
  });

  document.addEventListener("DOMContentLoaded", () => desk.arrived(document));
  document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && desk.arrived(event.detail.elt));
})();
