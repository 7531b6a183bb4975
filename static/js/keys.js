// Everything without the mouse. Keys of an input method are left alone; single letters work only outside fields and can be switched off.
(() => {
  "use strict";
  const OFF = "sd:single-keys-off";
  const singleKeys = () => { try { return localStorage.getItem(OFF) !== "1"; } catch { return true; } };
  const visible = (el) => !!el && !el.disabled && el.getAttribute("aria-disabled") !== "true";
  const rows = () => [...document.querySelectorAll("[data-list] [data-row]")];
  const currentRow = () => document.activeElement?.closest?.("[data-row]");

  function mainForm() {
    const inside = document.activeElement?.closest?.("form[data-main]");
    return inside ?? document.querySelector("#drawer form[data-main], #callback-drawer form[data-main]") ?? document.querySelector("form[data-main]");
  }
  function submitMain(alternative) {
    const button = mainForm()?.querySelector(alternative ? "[data-submit-alt]" : "[data-submit]");
    if (!visible(button)) return false;
    button.click();
    return true;
  }
  function move(step) {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(currentRow());
    const start = at === -1 ? list.findIndex((row) => row.getAttribute("aria-selected") === "true") : at;
    list[Math.min(list.length - 1, Math.max(0, start + step))]?.focus();
  }
  function open(row) {
    if (row.hasAttribute("hx-get")) row.dispatchEvent(new CustomEvent("open", { bubbles: true }));
    else location.href = row.dataset.href;
  }
  function press(key) {
    const row = currentRow();
    const find = (scope) => [...scope.querySelectorAll(`[data-key="${key}"]`)].find(visible);
    const target = (row && find(row)) ?? [...document.querySelectorAll(`[data-key="${key}"]`)].find((el) => visible(el) && !el.closest("[data-row]") && el.offsetParent);
    if (!target) return false;
    target.click();
    return true;
  }
  function digit(number) {
    const group = document.activeElement?.closest?.("[data-digits]") ?? document.querySelector("[data-digits=page]") ?? document.querySelector("[data-digits]");
    const input = group?.querySelector(`[data-digit="${number}"] input:not(:disabled)`);
    if (!input) return false;
    input.click();
    input.focus();
    return true;
  }
  function nextField(from) {
    const form = from.form;
    const list = [...form.elements].filter((el) => !el.disabled && el.type !== "hidden" && el.type !== "fieldset" && el.tabIndex >= 0 && el.offsetParent);
    list[list.indexOf(from) + 1]?.focus();
  }
  desk.nextField = nextField;

  function sheet() {
    if (document.querySelector(".sheet")) return;
    const source = document.getElementById("cheatsheet");
    if (!source) return;
    document.body.append(source.content.cloneNode(true));
    const panel = document.querySelector(".sheet");
    const box = panel.querySelector("[data-single-keys]");
    box.checked = singleKeys();
    box.addEventListener("change", () => { try { localStorage.setItem(OFF, box.checked ? "0" : "1"); } catch { /* stays on */ } });
    panel.addEventListener("click", (event) => { if (event.target === panel || event.target.closest("[data-close]")) panel.remove(); });
    panel.querySelector("[data-close]").focus();
  }
  function escape() {
    const panel = document.querySelector(".sheet");
    if (panel) return void panel.remove();
    const menu = document.querySelector("details[data-menu][open]");
    if (menu) { menu.removeAttribute("open"); return void menu.querySelector("summary").focus(); }
    if (desk.closeDrawer?.()) return;
    if (desk.isField(document.activeElement)) return void document.activeElement.blur();
    const back = document.querySelector("[data-back]");
    if (back && !currentRow()) back.click();
    else document.activeElement?.blur?.();
  }

  document.addEventListener("keydown", (event) => {
    if (desk.composing(event) || event.defaultPrevented) return;
    const { key } = event;
    const field = desk.isField(document.activeElement);
    const handled = () => event.preventDefault();
    if (key === "F2") {
      if (desk.startIntake?.() || press("F2")) handled();
    } else if (key === "k" && (event.ctrlKey || event.metaKey) || key === "/" && !field && !event.ctrlKey) {
      const search = document.querySelector("[data-search]");
      if (search) { search.focus(); search.select(); handled(); }
    } else if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (submitMain(event.shiftKey)) handled();
    } else if (key === "Escape") {
      escape();
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (key === "Enter") {
      const el = document.activeElement;
      if (el?.matches?.("[data-row]")) { open(el); handled(); }
      else if (el?.matches?.("form[data-main] input:not([type=search], [type=submit], [type=file])")) { nextField(el); handled(); }
    } else if (field || !singleKeys()) {
      return;
    } else if (key === "?") { sheet(); handled(); }
    else if (key === "j" || key === "J") { move(1); handled(); }
    else if (key === "k" || key === "K") { move(-1); handled(); }
    else if (/^[1-9]$/.test(key)) { if (digit(key)) handled(); }
    else if (/^[a-zA-Z0]$/.test(key)) { if (press(key.toUpperCase())) handled(); }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-cheatsheet]")) return sheet();
    const row = event.target.closest?.("[data-row]");
    if (row && !row.hasAttribute("hx-get") && !event.target.closest("a, button, input, label, form") && !String(getSelection())) open(row);
  });
})();
