// A form that was opened to be printed: the printer's dialogue comes by itself, and again by the button.
(() => {
  "use strict";
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) print(); });
  addEventListener("load", () => print());
})();
