// The drawer at the right edge: filled by htmx, closed by Esc, a link in it, or a finished act.
(() => {
  "use strict";
  const drawer = document.getElementById("drawer");
  // on a narrow screen the drawer of a list stands above it, out of sight of whoever has scrolled down
  document.addEventListener("htmx:afterSwap", (event) => {
    const beside = document.querySelector(".split > .side-drawer");
    if (event.detail.elt === beside && beside.getBoundingClientRect().top < 0) beside.scrollIntoView({ block: "start" });
  });
  if (!drawer) return;
  let opener = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === drawer) opener = document.activeElement;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== drawer) return;
    const first = drawer.querySelector(".drawer-body :is(input, select, textarea):not([type=hidden], :disabled)");
    (first ?? drawer.querySelector("[data-submit]"))?.focus();
  });
  function close() {
    if (!drawer.firstElementChild) return false;
    drawer.replaceChildren();
    if (opener?.isConnected) opener.focus();
    return true;
  }
  desk.closeDrawer = close;
  drawer.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close-drawer]")) return;
    event.preventDefault();
    close();
  });
  document.addEventListener("acted", close);
})();
