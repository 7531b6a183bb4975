// The clerk's path: F2, a few letters of the unit, Enter, a few letters of the matter, Enter, Ctrl+Enter.
// Typing never waits for the server: a choice made by Enter before its list has arrived is made when it arrives.
(() => {
  "use strict";
  const LOOKUP_MS = 120, GIVE_UP_MS = 8000;
  const byId = (id) => document.getElementById(id);
  const form = () => byId("intake-form");

  class Picker {
    constructor(box, { next, picked, none }) {
      this.box = box;
      this.input = box.querySelector("[role=combobox]");
      this.value = box.querySelector("input[type=hidden]");
      this.list = box.querySelector("[role=listbox]");
      this.note = box.querySelector("[data-pick-note]");
      this.problem = box.querySelector(".err[hidden], .err[id$=_problem]");
      Object.assign(this, { next, picked, none, wanted: null, timer: 0, resting: this.note.textContent });
      this.input.addEventListener("input", () => this.typed());
      this.input.addEventListener("keydown", (event) => this.key(event));
      this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
      this.list.addEventListener("mousedown", (event) => {
        const option = event.target.closest("[role=option]");
        if (!option) return;
        event.preventDefault();
        this.pick(option);
        this.next();
      });
      this.list.addEventListener("htmx:afterSwap", () => this.arrived());
      for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) this.input.addEventListener(failure, () => this.failed());
    }
    get text() { return this.input.value.trim(); }
    get options() { return [...this.list.querySelectorAll("[role=option]")]; }
    get answered() { return this.list.firstElementChild?.dataset.query?.trim(); }
    get active() { return this.options.find((option) => option.getAttribute("aria-selected") === "true"); }
    typed() {
      this.value.value = "";
      this.wanted = null;
      this.note.textContent = this.resting;
      this.say("");
      clearTimeout(this.timer);
      if (!this.text) return this.close();
      this.timer = setTimeout(() => this.look(), LOOKUP_MS);
    }
    look() {
      clearTimeout(this.timer);
      this.input.dispatchEvent(new CustomEvent("lookup"));
    }
    arrived() {
      if (this.wanted !== null && this.answered === this.wanted) {
        const option = this.options[0];
        this.wanted = null;
        if (option) this.pick(option);
        else { this.close(); this.say(this.none); }
        this.settle?.();
        return;
      }
      const open = document.activeElement === this.input && !!this.text && !this.value.value;
      if (!open) return this.close();
      this.input.setAttribute("aria-expanded", "true");
      this.mark(this.options[0]);
    }
    failed() {
      if (this.wanted === null) return;
      this.wanted = null;
      this.say(desk.word("failed"));
      this.settle?.();
    }
    mark(option) {
      this.options.forEach((one) => one.setAttribute("aria-selected", String(one === option)));
      if (option) { this.input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
      else this.input.removeAttribute("aria-activedescendant");
    }
    key(event) {
      if (desk.composing(event) || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const list = this.options;
        if (!list.length) return;
        event.preventDefault();
        const at = list.indexOf(this.active) + (event.key === "ArrowDown" ? 1 : -1);
        this.mark(list[(at + list.length) % list.length]);
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.enter();
      } else if (event.key === "Escape" && this.input.getAttribute("aria-expanded") === "true") {
        event.stopPropagation();
        this.close();
      }
    }
    enter() {
      if (this.text && !this.value.value) {
        if (this.answered === this.text && this.active) this.pick(this.active);
        else if (this.answered === this.text) { this.say(this.none); return; }
        else { this.wanted = this.text; this.look(); }
      }
      this.next();
    }
    pick(option) {
      this.input.value = option.dataset.text;
      this.value.value = option.dataset.value;
      this.note.textContent = option.dataset.note ?? "";
      this.say("");
      this.close();
      this.input.dispatchEvent(new Event("input-picked", { bubbles: true }));
      this.picked(option.dataset);
    }
    close() {
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
      this.list.replaceChildren();
    }
    say(text) {
      if (!this.problem) return;
      this.problem.hidden = !text;
      this.problem.querySelector("span").textContent = text;
      if (text) this.input.setAttribute("aria-invalid", "true");
      else this.input.removeAttribute("aria-invalid");
    }
    /** Resolves once a choice made ahead of its list has been made or refused. */
    resolved() {
      if (this.text && !this.value.value && this.wanted === null) { this.wanted = this.text; this.look(); }
      if (this.wanted === null) return Promise.resolve();
      return new Promise((done) => {
        this.settle = done;
        setTimeout(() => { this.failed(); done(); }, GIVE_UP_MS);
      });
    }
  }

  let unit = null, category = null, written = "";
  const isPublic = () => form()?.querySelector("[name=scope]:checked")?.value === "public";
  const awake = () => byId("intake")?.classList.remove("is-idle");
  const suggest = () => { if (byId("id_category").value) byId("suggestions").dispatchEvent(new CustomEvent("suggest")); };
  let asked = 0;
  const chosenLink = () => document.querySelector("#household [name=link]:checked")?.value ?? "";
  /** The left column for what is chosen now; only the answer to the last question is shown. */
  async function household() {
    const mine = ++asked;
    const kind = form().querySelector("[name=kind]:checked, [name=kind][type=hidden]")?.value ?? "";
    const place = isPublic() ? byId("id_place").value : "";
    const query = new URLSearchParams({ kind, unit: byId("id_unit").value, place, category: byId("id_category").value, link: chosenLink() });
    try {
      const answer = await fetch(`${form().dataset.householdUrl}?${query}`, { cache: "no-store", headers: { "HX-Request": "true", "HX-Target": "household" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("household");
      if (mine !== asked || !fresh) return;
      // what the clerk chose while the answer was on its way counts too, if it is still offered
      const kept = fresh.querySelector(`[name=link][value="${CSS.escape(chosenLink())}"]`);
      const held = document.activeElement?.name === "link";
      byId("household").replaceWith(fresh);
      if (kept) kept.checked = true;
      if (kept && held) kept.focus({ preventScroll: true });
      window.htmx?.process(fresh);
    } catch { /* the column keeps what it shows; the stream's watch reports a lost connection */ }
  }
  function took(item) {
    const description = byId("id_description");
    if (item.template && (!description.value.trim() || description.value === written)) description.value = written = item.template;
    const prepare = byId("prepare");
    prepare.hidden = !item.prepare;
    prepare.textContent = item.prepare ?? "";
    household();
    suggest();
    form().dispatchEvent(new Event("input", { bubbles: true }));
  }
  /** What is typed next replaces what the field holds from the matter before. */
  function retype(field) { field.focus(); field.select(); }
  /** A refusal is about the home and the matter that were sent; of another one it says nothing. */
  function forgive() {
    form().querySelectorAll(".errbox, .err[id$=_error]").forEach((said) => said.remove());
    form().querySelectorAll("[aria-describedby$=_error]").forEach((field) => { field.removeAttribute("aria-invalid"); field.removeAttribute("aria-describedby"); });
  }
  function save() { byId("id_description")?.dispatchEvent(new Event("input", { bubbles: true })); }

  function begin() {
    const box = form();
    if (!box || box.dataset.ready) return;
    box.dataset.ready = "1";
    unit = new Picker(box.querySelector("[data-pick=unit]"), {
      next: () => retype(isPublic() && !byId("id_place").value ? byId("id_place") : byId("id_category_q")),
      picked: () => { awake(); forgive(); household(); suggest(); save(); },
      none: desk.word("noUnit"),
    });
    category = new Picker(box.querySelector("[data-pick=category]"), {
      next: () => byId("id_description").focus(),
      picked: (item) => { forgive(); took(item); save(); },
      none: desk.word("noCategory"),
    });
    const idle = !byId("id_unit").value && !byId("id_unit_q").value && !isPublic() && !box.querySelector("[data-first-error]");
    byId("intake").classList.toggle("is-idle", idle);
    if (byId("id_unit").value && !document.querySelector("#household .kv")) household();
    if (byId("id_category").value && !box.querySelector("[name=assignee]")) suggest();
    if (location.hash === "#intake") start();
  }
  function start() {
    if (!form()) return false;
    awake();
    retype(byId("id_unit_q"));
    return true;
  }
  desk.startIntake = start;

  document.addEventListener("input", (event) => { if (event.target.id === "id_unit_q" && event.target.value) awake(); });
  document.addEventListener("change", (event) => {
    if (event.target.form !== form() || !form()) return;
    if (event.target.name === "scope") { awake(); suggest(); }
    if (event.target.name === "visit") suggest();
    if (event.target.id === "id_place" && byId("id_category").value) household();
  });
  document.addEventListener("click", (event) => {
    const chip = event.target.closest?.("[data-common] [data-value]");
    if (!chip) return;
    category.pick(chip);
    byId("id_description").focus();
  });
  // a submit waits for choices still on their way, then goes once
  document.addEventListener("htmx:confirm", (event) => {
    if (event.detail.elt !== form() || event.detail.verb !== "post") return;
    event.preventDefault();
    const box = form();
    Promise.all([unit.resolved(), category.resolved()]).then(() => {
      const missing = !byId("id_category").value ? category : !byId("id_unit").value && !isPublic() ? unit : null;
      if (!missing) return event.detail.issueRequest(true);
      delete box.dataset.sending;
      awake();
      missing.say(missing.none);
      missing.input.focus();
    });
  });
  document.addEventListener("draft:restored", (event) => { if (event.target === form()) { delete form().dataset.ready; begin(); } });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt?.id !== "intake" || !document.querySelector("#intake [data-saved]")) return;
    // what was said of the last matter says nothing of the next
    document.querySelectorAll("#household [name=link]").forEach((radio) => { radio.checked = false; });
    household();
  });
  // what the card says was done no longer is
  document.addEventListener("undone", () => document.querySelector("#intake [data-saved]")?.remove());
  desk.onContent(begin);
})();
